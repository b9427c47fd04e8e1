/* One field for each setting, after its kind. */
import { isAdministrator } from "../../api/session-state";
import type { Setting } from "../../api/settings";
import { number } from "../../base/format";
import { known, t } from "../../base/i18n";
import { AreaField, Field, Options, SwitchField, TextField } from "../../kit/field";
import { NEW, NONE, TYPED } from "./draft";
import { StatesField } from "./states";

/* Those that the catalogue does not know are shown as the server tells them. */
export function labelOf(name: string): string {
  return known(`setting.${name}`) ?? name;
}

function helpOf(setting: Setting): string {
  return known(`setting-help.${setting.name}`) ?? setting.help;
}

function unitOf(name: string): string {
  if (/-(interval|timeout)$/.test(name)) return t("unit.seconds");
  if (/-size-limit/.test(name)) return t("unit.bytes");
  return /-rate$/.test(name) ? t("unit.per-second") : "";
}

export function rangeOf(setting: Setting): string {
  const gaps = { min: number(setting.min ?? 0), max: number(setting.max ?? 0) };
  return t(setting.zero ? "settings.range-or-zero" : "settings.range", gaps);
}

interface Props {
  setting: Setting;
  value: string | boolean;
  isSet: boolean; /* of a secret */
  refusal: string | undefined;
  onChange: (value: string | boolean) => void;
}

export function SettingField(props: Props) {
  const { setting, value, refusal, onChange } = props;
  const disabled = !isAdministrator.value;
  const { name } = setting;
  const common = { name, label: labelOf(name), help: helpOf(setting), refusal };
  if (setting.kind === "secret") return <SecretField {...props} />;
  if (typeof value === "boolean")
    return <SwitchField {...common} value={value} disabled={disabled} onChange={onChange} />;
  if (name.startsWith("presence-states-"))
    return (
      <StatesField
        {...common}
        showFirst={name.endsWith("-out")}
        value={value}
        disabled={disabled}
        onChange={onChange}
      />
    );
  if (setting.kind === "list")
    return <AreaField {...common} mono rows={8} value={value} disabled={disabled} onChange={onChange} />;
  return (
    <TextField
      {...common}
      help={`${common.help} ${rangeOf(setting)}`}
      unit={unitOf(name)}
      value={value}
      onChange={onChange}
      input={{ inputMode: "numeric", class: "short", disabled, autocomplete: "off" }}
    />
  );
}

/* Never shown: kept, made anew, taken away, or typed. */
function SecretField({ setting, value, isSet, refusal, onChange }: Props) {
  const { name } = setting;
  const typed = String(value);
  const isTyped = typed.startsWith(TYPED);
  const choices = [
    { value: "", text: t(isSet ? "secret.keep" : "secret.keep-none") },
    ...(name.endsWith("-previous") ? [{ value: NONE, text: t("secret.none") }] : [{ value: NEW, text: t("secret.new") }]),
    { value: TYPED, text: t("secret.typed") },
  ];
  const disabled = !isAdministrator.value;
  return (
    <Field name={name} label={labelOf(name)} help={`${helpOf(setting)} ${t("secret.help")}`} refusal={refusal}>
      {(ties) => (
        <>
          <select
            {...ties}
            disabled={disabled}
            value={isTyped ? TYPED : typed}
            onChange={(event) => onChange(event.currentTarget.value)}
          >
            <Options value={isTyped ? TYPED : typed} choices={choices} />
          </select>
          {isTyped && (
            <input
              type="password"
              autocomplete="off"
              aria-label={t("secret.typed")}
              aria-describedby={ties["aria-describedby"]}
              value={typed.slice(TYPED.length)}
              onInput={(event) => onChange(TYPED + event.currentTarget.value)}
            />
          )}
        </>
      )}
    </Field>
  );
}
