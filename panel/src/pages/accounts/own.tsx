/* One's own account: who one is, another password, and where one is signed in. */
import { useState } from "preact/hooks";
import { session } from "../../api/session-state";
import type { Session } from "../../api/types";
import { t } from "../../base/i18n";
import { Button } from "../../kit/button";
import { Notice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { PasswordForm } from "../../sign-in/password";
import { endAsking, Sessions } from "./sessions";

export const OWN_ACCOUNT = "/account";

export function OwnAccount() {
  const me = session.value;
  return (
    <Page title={t("own.title")}>{me && <Everything key={me.account} me={me} />}</Page>
  );
}

function Everything({ me }: { me: Session }) {
  const [n, setN] = useState(0); /* the form is begun anew when the password has been changed */
  return (
    <>
      <dl class="properties">
        <div>
          <dt>{t("sign-in.account")}</dt>
          <dd>{me.account}</dd>
        </div>
        <div>
          <dt>{t("accounts.role")}</dt>
          <dd>{t(`role.${me.role}`)}</dd>
        </div>
      </dl>
      <section>
        <h2>{t("password.submit")}</h2>
        {me.isDirectory ? (
          <Notice kind="info">{t("own.directory")}</Notice>
        ) : (
          <PasswordForm key={n} account={me.account} onDone={() => setN(n + 1)} />
        )}
      </section>
      <section>
        <div class="section-head">
          <h2>{t("own.sessions")}</h2>
          <Button onClick={() => void endAsking(me.account, async () => undefined)}>{t("sessions.end")}</Button>
        </div>
        <Sessions key={n} of={me.account} />
      </section>
    </>
  );
}
