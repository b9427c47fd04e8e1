/* Accounts of the panel, tokens for scripts, and who is signed in: for administrators. */
import { useState } from "preact/hooks";
import { listAccounts, listTokens, type Account } from "../../api/accounts";
import { isAdministrator } from "../../api/session-state";
import { t } from "../../base/i18n";
import { Button } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Page } from "../../kit/page";
import type { PageRow } from "../registry";
import { Accounts } from "./accounts";
import { EditAccount, NewAccount, NewPassword, NewToken } from "./forms";
import { OWN_ACCOUNT, OwnAccount } from "./own";
import { Sessions } from "./sessions";
import { Tokens } from "./tokens";

function AccountsPage() {
  return (
    <Page title={t("accounts.title")} above={[t("nav.system")]}>
      {isAdministrator.value ? (
        <Everything />
      ) : (
        <p>
          {t("accounts.administrators")} <a href={OWN_ACCOUNT}>{t("own.title")}</a>
        </p>
      )}
    </Page>
  );
}

/* The form that is open. */
type Form = { kind: "account" | "token" } | { kind: "edit" | "password"; of: Account };

function Everything() {
  const accounts = useLoad("accounts", listAccounts);
  const tokens = useLoad("tokens", listTokens);
  const [form, setForm] = useState<Form | null>(null);
  const close = () => setForm(null);
  const ofAccounts = { onClose: close, then: accounts.reload };
  return (
    <>
      <section>
        <Head
          title={t("accounts.accounts")}
          add={t("accounts.new")}
          onAdd={() => setForm({ kind: "account" })}
        />
        <Loading of={accounts} />
        {accounts.data && (
          <Accounts
            rows={accounts.data}
            then={accounts.reload}
            onEdit={(of) => setForm({ kind: "edit", of })}
            onPassword={(of) => setForm({ kind: "password", of })}
          />
        )}
      </section>
      <section>
        <Head
          title={t("tokens.title")}
          add={t("tokens.new")}
          onAdd={() => setForm({ kind: "token" })}
        />
        <p>{t("tokens.lead")}</p>
        <Loading of={tokens} />
        {tokens.data && <Tokens rows={tokens.data} then={tokens.reload} />}
      </section>
      <section>
        <h2>{t("sessions.title")}</h2>
        <Sessions key={JSON.stringify(accounts.data)} />
      </section>
      {form?.kind === "account" && <NewAccount {...ofAccounts} />}
      {form?.kind === "token" && <NewToken onClose={close} then={tokens.reload} />}
      {form?.kind === "edit" && <EditAccount account={form.of} {...ofAccounts} />}
      {form?.kind === "password" && <NewPassword account={form.of} {...ofAccounts} />}
    </>
  );
}

function Head(props: { title: string; add: string; onAdd: () => void }) {
  return (
    <div class="section-head">
      <h2>{props.title}</h2>
      <Button icon="add" onClick={props.onAdd}>
        {props.add}
      </Button>
    </div>
  );
}

export const accountPages: PageRow[] = [
  {
    path: "/accounts",
    page: AccountsPage,
    nav: { group: "nav.system", title: "accounts.title" },
  },
  { path: OWN_ACCOUNT, page: OwnAccount },
];
