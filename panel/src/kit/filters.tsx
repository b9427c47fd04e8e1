/* What a long list is narrowed by: fields above it, taken at the press of a button. */
import { useState } from "preact/hooks";
import { t } from "../base/i18n";
import { Button } from "./button";
import { plainText, TextField } from "./field";

export interface FilterField<K extends string> {
  name: K;
  label: string;
  refusal?: string | undefined;
}

/* `onChange`: told only those that are not empty. */
export function Filters<K extends string>(props: {
  fields: FilterField<K>[];
  onChange: (filter: Partial<Record<K, string>>) => void;
}) {
  const [typed, setTyped] = useState<Partial<Record<K, string>>>({});
  const submit = (from: typeof typed) => {
    const given = props.fields.map(({ name }) => [name, (from[name] ?? "").trim()] as const);
    props.onChange(Object.fromEntries(given.filter(([, text]) => text)) as typeof typed);
  };
  return (
    <search>
      <form
        class="filters"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit(typed);
        }}
      >
        {props.fields.map(({ name, label, refusal }) => (
          <TextField
            key={name}
            name={name}
            label={label}
            refusal={refusal}
            value={typed[name] ?? ""}
            onChange={(text) => setTyped((old) => ({ ...old, [name]: text }))}
            input={plainText}
          />
        ))}
        <Button type="submit">{t("filters.submit")}</Button>
        {Object.values(typed).some(Boolean) && (
          <Button
            kind="quiet"
            onClick={() => {
              setTyped({});
              submit({});
            }}
          >
            {t("filters.clear")}
          </Button>
        )}
      </form>
    </search>
  );
}
