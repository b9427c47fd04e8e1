/* The small forms on accounts and tokens, and what is shown once: a password or token that was made. */
import { useState } from "preact/hooks";
import { addAccount, addToken, changeAccount, givePassword, roles, type Account } from "../../api/accounts";
import type { Role } from "../../api/types";
import { t } from "../../base/i18n";
import { FormDialog, useRefusals, type Refusals } from "../../kit/act";
import { Button } from "../../kit/button";
import { ask } from "../../kit/dialog";
import { plainText, SelectField, SwitchField, TextField } from "../../kit/field";
import { say } from "../../kit/notice";

function RoleField(props: { refusals: Refusals; value: Role; onChange: (role: Role) => void }) {
  return (
    <SelectField
      name="role"
      label={t("accounts.role")}
      refusal={props.refusals.at("role")}
      value={props.value}
      choices={roles.map((value) => ({ value, text: t(`role.${value}`) }))}
      onChange={props.onChange}
    />
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(t("once.copied"));
  } catch {
    say(t("once.not-copied"));
  }
}

/* It is in no list later on. */
async function showOnce(title: string, secret: string): Promise<void> {
  await ask(
    title,
    <>
      <p>{t("once.text")}</p>
      <p>
        <code class="once">{secret}</code>
      </p>
      <Button onClick={() => void copy(secret)}>{t("once.copy")}</Button>
    </>,
    [{ value: true, text: t("once.kept"), kind: "primary" }],
  );
}

interface FormProps {
  onClose: () => void;
  then: () => Promise<void>;
}

export function NewAccount({ onClose, then }: FormProps) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const refusals = useRefusals(["name", "role"]);
  const submit = async () => {
    if (!name.trim()) return refusals.refuse("name", t("field.missing"));
    const made = await refusals.send(() => addAccount(name.trim(), role, { generate: true }));
    if (!made) return;
    onClose();
    await then();
    await showOnce(t("once.password", { name: name.trim() }), made.password ?? "");
  };
  return (
    <FormDialog title={t("accounts.new")} submit={t("form.commit")} refusals={refusals} onSubmit={() => void submit()} onClose={onClose}>
      <TextField name="name" label={t("sign-in.account")} required refusal={refusals.at("name")} value={name} onChange={setName} input={plainText} />
      <RoleField refusals={refusals} value={role} onChange={setRole} />
      <p>{t("accounts.generated")}</p>
    </FormDialog>
  );
}

export function EditAccount({ account, onClose, then }: FormProps & { account: Account }) {
  const [role, setRole] = useState<Role>(account.role);
  const [enabled, setEnabled] = useState(account.enabled);
  const refusals = useRefusals(["role", "enabled"]);
  const submit = async () => {
    if (!(await refusals.send(() => changeAccount(account, { role, enabled })))) return;
    say(t("form.saved", { name: account.name }));
    onClose();
    await then();
  };
  return (
    <FormDialog
      title={t("partners.edit-of", { name: account.name })}
      submit={t("form.commit")}
      refusals={refusals}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <RoleField refusals={refusals} value={role} onChange={setRole} />
      <SwitchField
        name="enabled"
        label={t("partner.enabled")}
        help={t("accounts.enabled-help")}
        refusal={refusals.at("enabled")}
        value={enabled}
        onChange={setEnabled}
      />
    </FormDialog>
  );
}

export function NewPassword({ account, onClose, then }: FormProps & { account: Account }) {
  const [makes, setMakes] = useState(true);
  const [password, setPassword] = useState("");
  const refusals = useRefusals(["password"]);
  const submit = async () => {
    if (!makes && !password) return refusals.refuse("password", t("field.missing"));
    const how = makes ? { generate: true as const } : { password };
    const given = await refusals.send(() => givePassword(account, how));
    if (!given) return;
    onClose();
    await then();
    if (given.password) await showOnce(t("once.password", { name: account.name }), given.password);
    else say(t("password.done"));
  };
  return (
    <FormDialog title={t("accounts.password-of", { name: account.name })} submit={t("form.commit")} refusals={refusals} onSubmit={() => void submit()} onClose={onClose}>
      <SwitchField name="generate" label={t("accounts.generate")} help={t("accounts.generated")} value={makes} onChange={setMakes} />
      {!makes && (
        <TextField
          name="password"
          label={t("password.new")}
          required
          refusal={refusals.at("password")}
          value={password}
          onChange={setPassword}
          input={{ type: "password", autocomplete: "new-password" }}
        />
      )}
    </FormDialog>
  );
}

export function NewToken({ onClose, then }: FormProps) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("365");
  const refusals = useRefusals(["name", "role", "days"]);
  const submit = async () => {
    if (!name.trim()) return refusals.refuse("name", t("field.missing"));
    if (!/^\d{1,4}$/.test(days.trim())) return refusals.refuse("days", t("tokens.days-fault"));
    const made = await refusals.send(() => addToken(name.trim(), role, Number(days)));
    if (!made) return;
    onClose();
    await then();
    await showOnce(t("once.token", { name: name.trim() }), made.token ?? "");
  };
  return (
    <FormDialog title={t("tokens.new")} submit={t("form.commit")} refusals={refusals} onSubmit={() => void submit()} onClose={onClose}>
      <TextField name="name" label={t("tokens.name")} required refusal={refusals.at("name")} value={name} onChange={setName} input={plainText} />
      <RoleField refusals={refusals} value={role} onChange={setRole} />
      <TextField name="days" label={t("tokens.days")} help={t("tokens.days-help")} refusal={refusals.at("days")} value={days} onChange={setDays} input={{ inputMode: "numeric", class: "short" }} />
    </FormDialog>
  );
}
