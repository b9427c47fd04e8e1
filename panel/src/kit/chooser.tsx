/* A select with its label beside it, outside of forms: language, theme, filters. */
export function Chooser<T extends string>(props: {
  label: string;
  value: T;
  choices: { value: T; text: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <label class="chooser">
      <span>{props.label}</span>
      <select
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value as T)}
      >
        {props.choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === props.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </label>
  );
}
