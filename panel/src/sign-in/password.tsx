/* The first password was printed where the program started; whoever signs in with it chooses one
 * of his own before anything else. */
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { changePassword, signOut } from "../api/session";
import { t } from "../base/i18n";
import { Button } from "../kit/button";
import { TextField } from "../kit/field";
import { ProblemNotice, say } from "../kit/notice";
import { Foreign } from "../kit/text";

const SHORTEST = 12;

export function FirstPassword({ account }: { account: string }) {
  useEffect(() => {
    document.title = `${t("password.title")} – ${t("product")}`;
  });
  return (
    <main class="alone">
      <h1>{t("password.title")}</h1>
      <p>
        {t("password.lead")} <Foreign text={account} />
      </p>
      <PasswordForm account={account} />
      <Button kind="quiet" onClick={() => void signOut()}>
        {t("account.sign-out")}
      </Button>
    </main>
  );
}

/* What the browser can tell before the server does: too short, or not the same twice. */
export function passwordFault(next: string, repeated: string): "short" | "differs" | null {
  if ([...next].length < SHORTEST) return "short";
  return next === repeated ? null : "differs";
}

export function PasswordForm({ account, onDone }: { account: string; onDone?: () => void }) {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [repeated, setRepeated] = useState("");
  const [fault, setFault] = useState<ReturnType<typeof passwordFault>>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    const found = passwordFault(next, repeated);
    setFault(found);
    setProblem(null);
    if (found) return;
    setBusy(true);
    try {
      await changePassword(old, next);
      say(t("password.done"));
      onDone?.();
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setBusy(false);
    }
  };
  const secret = { type: "password", required: true } as const;
  return (
    <form
      class="stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void submit();
      }}
    >
      <ProblemNotice problem={problem} />
      <input type="text" hidden autocomplete="username" value={account} readOnly />
      <TextField
        name="old"
        label={t("password.old")}
        value={old}
        onChange={setOld}
        input={{ ...secret, autocomplete: "current-password" }}
      />
      <TextField
        name="new"
        label={t("password.new")}
        help={t("password.rule", { n: SHORTEST })}
        refusal={fault === "short" ? t("password.short", { n: SHORTEST }) : undefined}
        value={next}
        onChange={setNext}
        input={{ ...secret, autocomplete: "new-password" }}
      />
      <TextField
        name="repeated"
        label={t("password.repeated")}
        refusal={fault === "differs" ? t("password.differs") : undefined}
        value={repeated}
        onChange={setRepeated}
        input={{ ...secret, autocomplete: "new-password" }}
      />
      <Button type="submit" kind="primary" busy={busy}>
        {t("password.submit")}
      </Button>
    </form>
  );
}
