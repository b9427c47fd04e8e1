/* A select with its label beside it, outside of forms: language, theme, filters. */
import { Options } from "./field";

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
        <Options value={props.value} choices={props.choices} />
      </select>
    </label>
  );
}
