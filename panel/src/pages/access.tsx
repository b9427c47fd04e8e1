/* External access: the rules on who may use the federation, and what they come to for one user. */
import { useState } from "preact/hooks";
import {
  effectiveAccess, listAccess, setAccess, unsetAccess,
  type AccessRule, type Effective, type Scope,
} from "../api/access";
import { isAdministrator } from "../api/session-state";
import { t } from "../base/i18n";
import { askAndDo, doNow, FormDialog, useRefusals } from "../kit/act";
import { Button } from "../kit/button";
import { plainText, SelectField, TextField } from "../kit/field";
import { Loading, useLoad } from "../kit/load";
import { ProblemNotice, say } from "../kit/notice";
import { Page } from "../kit/page";
import { Table, type Column } from "../kit/table";
import { Foreign } from "../kit/text";
import type { PageRow } from "./registry";

function Verdict({ may }: { may: boolean }) {
  return <span class={may ? "may" : "may-not"}>{may ? t("access.may") : t("access.may-not")}</span>;
}

function scopeText(scope: Scope | "default", name: string): string {
  return name ? `${t(`access.scope.${scope}`)} ${name}` : t(`access.scope.${scope}`);
}

function AccessPage() {
  const rules = useLoad("access", listAccess, ["partners"]);
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title={t("access.title")}
      above={[t("nav.federation")]}
      actions={
        isAdministrator.value && (
          <Button kind="primary" icon="add" onClick={() => setAdding(true)}>
            {t("access.new")}
          </Button>
        )
      }
    >
      <p>{t("access.lead")}</p>
      <Preview rules={rules.data} />
      <Loading of={rules} />
      {rules.data && <Rules rules={rules.data} then={rules.reload} />}
      {adding && rules.data && <NewRule rules={rules.data} onClose={() => setAdding(false)} then={rules.reload} />}
    </Page>
  );
}

function Rules({ rules, then }: { rules: AccessRule[]; then: () => Promise<void> }) {
  const columns: Column<AccessRule>[] = [
    {
      title: "access.for",
      kind: "name",
      by: (rule) => `${["global", "domain", "user"].indexOf(rule.scope)} ${rule.name}`,
      cell: (rule) => <Foreign text={scopeText(rule.scope, rule.name)} />,
    },
    { title: "access.xmpp", by: (rule) => Number(rule.xmpp), cell: (rule) => <Verdict may={rule.xmpp} /> },
  ];
  if (isAdministrator.value)
    columns.push({
      title: "column.actions",
      kind: "buttons",
      cell: (rule) => <RuleActions rule={rule} then={then} />,
    });
  return (
    <Table
      caption={t("access.title")}
      columns={columns}
      rows={rules}
      rowKey={(rule) => `${rule.scope} ${rule.name}`}
      empty={t("access.none")}
    />
  );
}

function RuleActions({ rule, then }: { rule: AccessRule; then: () => Promise<void> }) {
  const name = scopeText(rule.scope, rule.name);
  const turn = async () => {
    const act = () => setAccess(rule, !rule.xmpp);
    await doNow({ title: name, done: t("access.saved", { name }), act });
    await then(); /* when it was refused, too: somebody else may have been faster */
  };
  const remove = async () => {
    await askAndDo({
      title: t("access.unset-title", { name }),
      body: <p>{t("access.unset-text")}</p>,
      submit: t("access.unset"),
      done: t("access.unset-done", { name }),
      act: () => unsetAccess(rule),
    });
    await then();
  };
  return (
    <div class="actions">
      <Button onClick={() => void turn()}>{rule.xmpp ? t("access.deny") : t("access.allow")}</Button>
      <Button
        kind="quiet"
        icon="remove"
        label={t("access.unset-of", { name })}
        onClick={() => void remove()}
      />
    </div>
  );
}

function NewRule(props: { rules: AccessRule[]; onClose: () => void; then: () => Promise<void> }) {
  const { rules, onClose, then } = props;
  const [scope, setScope] = useState<Scope>("user");
  const [name, setName] = useState("");
  const [may, setMay] = useState<"yes" | "no">("no");
  const refusals = useRefusals(["user", "domain"]);
  const submit = async () => {
    if (scope !== "global" && !name.trim()) return refusals.refuse(scope, t("field.missing"));
    const wanted = { scope, name: scope === "global" ? "" : name.trim(), version: 0 };
    const listed = rules.find(
      (rule) => rule.scope === scope && rule.name === wanted.name.toLowerCase(),
    );
    const saved = await refusals.send(() => setAccess(listed ?? wanted, may === "yes"));
    if (!saved) return then();
    say(t("access.saved", { name: scopeText(scope, name.trim()) }));
    onClose();
    await then();
  };
  return (
    <FormDialog
      title={t("access.new")}
      submit={t("form.commit")}
      refusals={refusals}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <SelectField
        name="scope"
        label={t("access.for")}
        value={scope}
        choices={(["user", "domain", "global"] as const).map((value) => ({
          value,
          text: t(`access.scope.${value}`),
        }))}
        onChange={setScope}
      />
      {scope !== "global" && (
        <TextField
          name={scope}
          label={t(scope === "user" ? "access.user" : "access.domain")}
          help={t(scope === "user" ? "access.user-help" : "access.domain-help")}
          refusal={refusals.at(scope)}
          required
          value={name}
          onChange={setName}
          input={plainText}
        />
      )}
      <SelectField
        name="xmpp"
        label={t("access.xmpp")}
        value={may}
        choices={[
          { value: "no", text: t("access.may-not") },
          { value: "yes", text: t("access.may") },
        ]}
        onChange={setMay}
      />
    </FormDialog>
  );
}

/* Answered anew when the rules change. */
function Preview({ rules }: { rules: AccessRule[] | undefined }) {
  const [user, setUser] = useState("");
  const [asked, setAsked] = useState("");
  return (
    <section class="panel-box" aria-label={t("access.preview")}>
      <h2>{t("access.preview")}</h2>
      <form
        class="filters"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(user.trim());
        }}
      >
        <TextField
          name="of"
          label={t("access.user")}
          value={user}
          onChange={setUser}
          input={{ ...plainText, placeholder: "alice@contoso.example" }}
        />
        <Button type="submit">{t("access.look")}</Button>
      </form>
      <div aria-live="polite">
        {asked && <Answer key={`${asked} ${JSON.stringify(rules)}`} user={asked} />}
      </div>
    </section>
  );
}

function Answer({ user }: { user: string }) {
  const answer = useLoad<Effective>(`effective ${user}`, () => effectiveAccess({ user }));
  if (answer.problem) return <ProblemNotice problem={answer.problem} />;
  if (!answer.data) return null;
  const { of, xmpp, scope, name } = answer.data;
  return (
    <p>
      <Foreign text={of} />: <Verdict may={xmpp} />.{" "}
      <Foreign text={t("access.because", { rule: scopeText(scope, name) })} />
    </p>
  );
}

export const accessPages: PageRow[] = [
  { path: "/access", page: AccessPage, nav: { group: "nav.federation", title: "access.title" } },
];
