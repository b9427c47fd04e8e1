/* What is seen: nothing until it is known who is signed in; the sign-in; a new password where the
 * first one must be changed; else the layout with the page of the path.
 *
 * When the session ends while somebody works, the page stays as it is and the sign-in comes up in
 * front of it: what was typed is not lost. */
import { useEffect, useRef, useState } from "preact/hooks";
import { startEvents, stopEvents } from "./api/events";
import { asProblem, type Problem } from "./api/problem";
import { resume } from "./api/session";
import { session } from "./api/session-state";
import { t } from "./base/i18n";
import { here } from "./base/route";
import { Button } from "./kit/button";
import { Announcements, ProblemNotice } from "./kit/notice";
import { Page } from "./kit/page";
import { Layout } from "./layout";
import { find } from "./pages/registry";
import { FirstPassword } from "./sign-in/password";
import { SignIn, SignInAgain } from "./sign-in/sign-in";

export function App() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const begin = () => {
    setProblem(null);
    resume().catch((thrown: unknown) => setProblem(asProblem(thrown)));
  };
  useEffect(begin, []);
  return (
    <>
      {session.value === undefined ? <NobodyAnswers problem={problem} again={begin} /> : <Inside />}
      <Announcements />
    </>
  );
}

function NobodyAnswers({ problem, again }: { problem: Problem | null; again: () => void }) {
  if (!problem) return null;
  return (
    <main class="alone">
      <h1>{t("product")}</h1>
      <ProblemNotice problem={problem} />
      <Button icon="refresh" onClick={again}>
        {t("again")}
      </Button>
    </main>
  );
}

function Inside() {
  const now = session.value;
  const last = useRef<string | null>(null); /* whose page is behind the sign-in */
  if (now && !now.mustChange) last.current = now.account;
  const isIn = !!now && !now.mustChange;
  useEffect(() => {
    if (isIn) startEvents();
    else stopEvents();
  }, [isIn]);
  if (now?.mustChange) return <FirstPassword account={now.account} />;
  if (!last.current) return <SignIn />;
  return (
    <>
      <Layout>
        <Current key={last.current} />
      </Layout>
      {!now && <SignInAgain account={last.current} onOther={() => location.assign("/")} />}
    </>
  );
}

function Current() {
  const path = here.value;
  const found = find(path);
  if (!found) return <Nowhere key={path} />;
  const { row, args } = found;
  return <row.page key={path} {...args} />;
}

function Nowhere() {
  return (
    <Page title={t("nowhere.title")}>
      <p>{t("nowhere.text")}</p>
      <p>
        <a href="/partners">{t("nav.partners")}</a>
      </p>
    </Page>
  );
}
