/* Accounts of the panel, who is signed in, and tokens for scripts: for administrators. */
import { useState } from "preact/hooks";
import {
  changeAccount, endSessions, listAccounts, listSessions, listTokens, removeAccount, removeToken,
  type Account, type SignedIn, type Token,
} from "../../api/accounts";
import { isAdministrator } from "../../api/session-state";
import { dateTime } from "../../base/format";
import { t } from "../../base/i18n";
import { askAndDo, doNow } from "../../kit/act";
import { Button } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Page } from "../../kit/page";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import type { PageRow } from "../registry";
import { NewAccount, NewPassword, NewToken } from "./forms";

type Then = () => Promise<void>;

function when(at: string | null | undefined): string {
  return at ? dateTime(at) : t("tokens.never");
}

function AccountsPage() {
  return (
    <Page title={t("accounts.title")} above={[t("nav.system")]}>
      {isAdministrator.value ? <Everything /> : <p>{t("accounts.administrators")}</p>}
    </Page>
  );
}

function Everything() {
  const accounts = useLoad("accounts", listAccounts);
  const tokens = useLoad("tokens", listTokens);
  const sessions = useLoad("sessions", listSessions);
  const [making, setMaking] = useState<"account" | "token" | Account | null>(null);
  const close = () => setMaking(null);
  const both = async () => {
    await Promise.all([accounts.reload(), sessions.reload()]);
  };
  return (
    <>
      <Head title={t("accounts.accounts")} add={t("accounts.new")} onAdd={() => setMaking("account")} />
      <Loading of={accounts} />
      {accounts.data && <Accounts rows={accounts.data} then={both} onPassword={setMaking} />}
      <Head title={t("tokens.title")} add={t("tokens.new")} onAdd={() => setMaking("token")} />
      <p>{t("tokens.lead")}</p>
      <Loading of={tokens} />
      {tokens.data && <Tokens rows={tokens.data} then={tokens.reload} />}
      <h2>{t("sessions.title")}</h2>
      <Loading of={sessions} />
      {sessions.data && <Sessions rows={sessions.data} then={sessions.reload} />}
      {making === "account" && <NewAccount onClose={close} then={accounts.reload} />}
      {making === "token" && <NewToken onClose={close} then={tokens.reload} />}
      {typeof making === "object" && making && <NewPassword account={making} onClose={close} then={both} />}
    </>
  );
}

function Head(props: { title: string; add: string; onAdd: () => void }) {
  return (
    <div class="page-head">
      <h2>{props.title}</h2>
      <Button icon="add" onClick={props.onAdd}>
        {props.add}
      </Button>
    </div>
  );
}

function Accounts(props: { rows: Account[]; then: Then; onPassword: (account: Account) => void }) {
  const { rows, then } = props;
  const change = async (one: Account, changes: Partial<Pick<Account, "role" | "enabled">>) => {
    const act = () => changeAccount(one, changes);
    const title = t("accounts.change-of", { name: one.name });
    await doNow({ title, done: t("form.saved", { name: one.name }), act });
    await then();
  };
  const remove = async (one: Account) => {
    const done = await askAndDo({
      title: t("remove.title", { name: one.name }),
      body: <p>{t("accounts.remove-text")}</p>,
      submit: t("remove.submit"),
      done: t("remove.done", { name: one.name }),
      act: () => removeAccount(one),
    });
    if (done) await then();
  };
  const columns: Column<Account>[] = [
    { title: "sign-in.account", by: (one) => one.name, cell: (one) => <Foreign text={one.name} /> },
    { title: "accounts.role", by: (one) => one.role, cell: (one) => t(`role.${one.role}`) },
    {
      title: "partner.enabled",
      cell: (one) => (
        <span class={one.enabled ? "may" : "may-not"}>{one.enabled ? t("yes") : t("no")}</span>
      ),
    },
    {
      title: "accounts.password-changed",
      cell: (one) => (
        <>
          {when(one["password-changed"])}
          {one["must-change-password"] && <span class="tag">{t("accounts.must-change")}</span>}
        </>
      ),
    },
    {
      title: "column.actions",
      cell: (one) => (
        <div class="actions wrap">
          <Button onClick={() => void change(one, { role: one.role === "viewer" ? "administrator" : "viewer" })}>
            {t(one.role === "viewer" ? "accounts.make-administrator" : "accounts.make-viewer")}
          </Button>
          <Button onClick={() => void change(one, { enabled: !one.enabled })}>
            {t(one.enabled ? "accounts.disable" : "accounts.enable")}
          </Button>
          <Button onClick={() => props.onPassword(one)}>{t("sign-in.password")}</Button>
          <Button kind="quiet" icon="remove" label={t("partners.remove-of", { name: one.name })} onClick={() => void remove(one)} />
        </div>
      ),
    },
  ];
  return <Table caption={t("accounts.accounts")} columns={columns} rows={rows} rowKey={(one) => one.name} empty="–" />;
}

function Tokens({ rows, then }: { rows: Token[]; then: Then }) {
  const remove = async (one: Token) => {
    const done = await askAndDo({
      title: t("remove.title", { name: one.name }),
      body: <p>{t("tokens.remove-text")}</p>,
      submit: t("remove.submit"),
      done: t("remove.done", { name: one.name }),
      act: () => removeToken(one),
    });
    if (done) await then();
  };
  const columns: Column<Token>[] = [
    { title: "tokens.name", by: (one) => one.name, cell: (one) => <Foreign text={one.name} /> },
    { title: "accounts.role", by: (one) => one.role, cell: (one) => t(`role.${one.role}`) },
    {
      title: "tokens.expires",
      by: (one) => one.expires ?? "9",
      cell: (one) => (
        <>
          {when(one.expires)}
          {one.expired && <span class="tag">{t("tokens.expired")}</span>}
        </>
      ),
    },
    { title: "tokens.used", by: (one) => one.used ?? "", cell: (one) => when(one.used) },
    {
      title: "column.actions",
      cell: (one) => (
        <Button kind="quiet" icon="remove" label={t("partners.remove-of", { name: one.name })} onClick={() => void remove(one)} />
      ),
    },
  ];
  return <Table caption={t("tokens.title")} columns={columns} rows={rows} rowKey={(one) => String(one.id)} empty={t("tokens.none")} />;
}

function Sessions({ rows, then }: { rows: SignedIn[]; then: Then }) {
  const end = async (one: SignedIn) => {
    const done = await askAndDo({
      title: t("sessions.end-title", { name: one.account }),
      submit: t("sessions.end"),
      done: t("sessions.ended"),
      act: () => endSessions(one.account),
    });
    if (done) await then();
  };
  const columns: Column<SignedIn>[] = [
    { title: "sign-in.account", by: (one) => one.account, cell: (one) => <Foreign text={one.account} /> },
    { title: "sessions.address", by: (one) => one.address ?? "", cell: (one) => <Foreign text={one.address ?? "–"} /> },
    { title: "stream.since", by: (one) => one.since ?? "", cell: (one) => (one.since ? dateTime(one.since) : "–") },
    { title: "column.actions", cell: (one) => <Button onClick={() => void end(one)}>{t("sessions.end")}</Button> },
  ];
  return (
    <Table
      caption={t("sessions.title")}
      columns={columns}
      rows={rows}
      rowKey={(one) => one.id}
      empty="–"
    />
  );
}

export const accountPages: PageRow[] = [
  { path: "/accounts", page: AccountsPage, nav: { group: "nav.system", title: "accounts.title" } },
];
