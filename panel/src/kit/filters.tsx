/* What a long list is narrowed by: fields above it, taken at the press of a button. */
import { useState } from "preact/hooks";
import { t } from "../base/i18n";
import { Button } from "./button";
import { plainText, SelectField, TextField } from "./field";

export interface FilterField<K extends string> {
  name: K;
  label: string;
  refusal?: string | undefined;
  choices?: { value: string; text: string }[]; /* absent: any text */
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
        {props.fields.map(({ name, label, refusal, choices }) => {
          const common = {
            name,
            label,
            refusal,
            value: typed[name] ?? "",
            onChange: (text: string) => setTyped((old) => ({ ...old, [name]: text })),
          };
          return choices ? (
            <SelectField
              key={name}
              {...common}
              choices={[{ value: "", text: t("filters.all") }, ...choices]}
            />
          ) : (
            <TextField key={name} {...common} input={plainText} />
          );
        })}
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
