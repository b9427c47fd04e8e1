/* One field of a form: label, control, what it means, and what was refused, tied together for
 * whoever cannot see that they stand together. */
import type { ComponentChildren, JSX } from "preact";
import { served, t } from "../base/i18n";
import { Icon } from "./icon";
import { useOwnId } from "./id";
import { Foreign } from "./text";

export interface FieldProps {
  name: string;
  label: string;
  help?: ComponentChildren;
  refusal?: string | undefined;
  required?: boolean;
}

export interface Ties {
  id: string;
  name: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: "true" | undefined;
  required?: boolean | undefined;
}

export function Refusal({ id, text }: { id: string; text: string | undefined }) {
  return (
    <p id={id} class="refusal" aria-live="polite">
      {text && (
        <>
          <Icon name="warning" /> <Foreign text={served(text)} />
        </>
      )}
    </p>
  );
}

export function Field(props: FieldProps & { children: (ties: Ties) => ComponentChildren }) {
  const id = useOwnId();
  const described = [props.help && `${id}-help`, props.refusal && `${id}-refusal`].filter(Boolean);
  const ties: Ties = {
    id,
    name: props.name,
    "aria-describedby": described.join(" ") || undefined,
    "aria-invalid": props.refusal ? "true" : undefined,
    required: props.required || undefined,
  };
  return (
    <div class={`field${props.refusal ? " refused" : ""}`} data-field={props.name}>
      <label for={id}>
        {props.label}
        {props.required && <span class="required"> {t("field.required")}</span>}
      </label>
      <div class="control">
        {props.children(ties)}
        {props.help && (
          <small id={`${id}-help`} class="help">
            {props.help}
          </small>
        )}
        <Refusal id={`${id}-refusal`} text={props.refusal} />
      </div>
    </div>
  );
}

/* Of names and addresses, which neither the browser nor a telephone should mend. */
export const plainText = { autocapitalize: "none", autocomplete: "off" } as const;

type InputProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "name" | "label" | "onInput">;

export function TextField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    input?: InputProps;
    unit?: string; /* "seconds", behind it */
  },
) {
  return (
    <Field {...props}>
      {(ties) => (
        <>
          <input
            type="text"
            spellcheck={false}
            {...props.input}
            {...ties}
            value={props.value}
            onInput={(event) => props.onChange(event.currentTarget.value)}
          />
          {props.unit && <span class="unit">{props.unit}</span>}
        </>
      )}
    </Field>
  );
}

export function AreaField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    rows?: number;
    disabled?: boolean;
    mono?: boolean;
  },
) {
  return (
    <Field {...props}>
      {(ties) => (
        <textarea
          {...ties}
          class={props.mono ? "mono" : ""}
          rows={props.rows ?? 2}
          disabled={props.disabled}
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/* `selected` is for languages that change while the select is there. */
export function Options(props: { value: string; choices: { value: string; text: string }[] }) {
  return (
    <>
      {props.choices.map(({ value, text }) => (
        <option key={value} value={value} selected={value === props.value}>
          {text}
        </option>
      ))}
    </>
  );
}

export function SelectField<T extends string>(
  props: FieldProps & {
    value: T;
    choices: { value: T; text: string }[];
    onChange: (value: T) => void;
    disabled?: boolean;
  },
) {
  return (
    <Field {...props}>
      {(ties) => (
        <select
          {...ties}
          disabled={props.disabled}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value as T)}
        >
          <Options value={props.value} choices={props.choices} />
        </select>
      )}
    </Field>
  );
}

export function SwitchField(
  props: FieldProps & {
    value: boolean;
    onChange: (value: boolean) => void;
    disabled?: boolean;
  },
) {
  return (
    <Field {...props}>
      {(ties) => (
        <input
          {...ties}
          type="checkbox"
          role="switch"
          disabled={props.disabled}
          checked={props.value}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
      )}
    </Field>
  );
}
