/* Who are you?  The path stays what it is: nothing in the address says where to go afterwards, so
 * nobody can send a reader elsewhere with it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { signIn } from "../api/session";
import { language, languages, t, type Language } from "../base/i18n";
import { Button } from "../kit/button";
import { Chooser } from "../kit/chooser";
import { Dialog } from "../kit/dialog";
import { TextField } from "../kit/field";
import { ProblemNotice } from "../kit/notice";

export function SignIn() {
  useEffect(() => {
    document.title = `${t("sign-in.title")} – ${t("product")}`;
  });
  return (
    <main class="alone">
      <h1>{t("product")}</h1>
      <p>{t("sign-in.lead")}</p>
      <SignInForm />
      <Chooser<Language>
        label={t("account.language")}
        value={language.value}
        choices={languages.map((one) => ({ value: one.code, text: one.name }))}
        onChange={(value) => (language.value = value)}
      />
    </main>
  );
}

/* In front of a page whose session has ended. */
export function SignInAgain({ account, onOther }: { account: string; onOther: () => void }) {
  return (
    <Dialog title={t("sign-in.again")} onClose={() => undefined}>
      <p>{t("sign-in.again-lead")}</p>
      <SignInForm account={account} />
      <Button kind="quiet" onClick={onOther}>
        {t("sign-in.other")}
      </Button>
    </Dialog>
  );
}

function SignInForm({ account: known }: { account?: string }) {
  const [account, setAccount] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(account, password);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setPassword("");
      form.current?.querySelector<HTMLInputElement>("[name=password]")?.focus();
      setBusy(false);
    }
  };
  return (
    <form
      ref={form}
      class="stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void submit();
      }}
    >
      <ProblemNotice problem={problem} />
      <TextField
        name="account"
        label={t("sign-in.account")}
        value={account}
        onChange={setAccount}
        input={{
          autocomplete: "username",
          autocapitalize: "none",
          required: true,
          readOnly: known !== undefined,
          autofocus: known === undefined,
        }}
      />
      <TextField
        name="password"
        label={t("sign-in.password")}
        value={password}
        onChange={setPassword}
        input={{
          type: "password",
          autocomplete: "current-password",
          required: true,
          autofocus: known !== undefined,
        }}
      />
      <Button type="submit" kind="primary" busy={busy}>
        {t("sign-in.submit")}
      </Button>
    </form>
  );
}
