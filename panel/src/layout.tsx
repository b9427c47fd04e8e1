/* Around each page: where one can go, who is signed in, language and theme.  On a narrow window the
 * navigation is behind a button. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { logsBodies, watchBodyLog } from "./api/body-log";
import { connected } from "./api/events";
import { asProblem } from "./api/problem";
import { signOut } from "./api/session";
import { session } from "./api/session-state";
import { language, languages, t, type Language } from "./base/i18n";
import { here, setGuard } from "./base/route";
import { theme, themes, type Theme } from "./base/theme";
import { Button } from "./kit/button";
import { Chooser } from "./kit/chooser";
import { Notice, say } from "./kit/notice";
import { Foreign } from "./kit/text";
import { OWN_ACCOUNT } from "./pages/accounts/own";
import { find, groups, pages, START } from "./pages/registry";

export function Layout({ children }: { children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const path = here.value;
  useEffect(() => setOpen(false), [path]);
  useEffect(watchBodyLog, []);
  return (
    <div class="layout">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("main h1")?.focus();
        }}
      >
        {t("skip")}
      </a>
      <header class="bar">
        <a class="brand" href={START}>
          {t("product")}
        </a>
        <button
          type="button"
          class="button quiet menu"
          aria-expanded={open}
          aria-controls="sidebar"
          onClick={() => setOpen(!open)}
        >
          {t("nav.menu")}
        </button>
      </header>
      <div id="sidebar" class={open ? "sidebar open" : "sidebar"}>
        <Navigation path={path} />
        <Account />
      </div>
      <main id="content">
        {!connected.value && (
          <p class="offline" role="status">
            {t("offline")}
          </p>
        )}
        {logsBodies.value && (
          <Notice kind="warning">
            {t("settings.bodies-logged")} <a href="/settings">{t("settings.title")}</a>
          </Notice>
        )}
        {children}
      </main>
    </div>
  );
}

function Navigation({ path }: { path: string }) {
  return (
    <nav aria-label={t("nav.label")}>
      {groups.map((group) => {
        const rows = pages.filter((row) => row.nav?.group === group);
        if (rows.length === 0) return null;
        return (
          <section key={group}>
            <h2 id={group}>{t(group)}</h2>
            <ul aria-labelledby={group}>
              {rows.map((row) => (
                <li key={row.path}>
                  <a href={row.path} aria-current={standing(path, row.path)}>
                    {t(row.nav!.title)}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </nav>
  );
}

/* On the page itself, or on one that belongs to it. */
function standing(path: string, link: string): "page" | "true" | undefined {
  const at = path === "/" ? START : path;
  if (at === link) return "page";
  return at.startsWith(`${link}/`) || find(at)?.row.of === link ? "true" : undefined;
}

function Account() {
  const now = session.value;
  return (
    <section class="account" aria-label={t("account.label")}>
      {now && (
        <p>
          <a href={OWN_ACCOUNT} aria-current={here.value === OWN_ACCOUNT ? "page" : undefined}>
            <strong>
              <Foreign text={now.account} />
            </strong>
          </a>
          <br />
          <small>{t(`role.${now.role}`)}</small>
        </p>
      )}
      <Chooser<Language>
        label={t("account.language")}
        value={language.value}
        choices={languages.map((one) => ({ value: one.code, text: one.name }))}
        onChange={(value) => (language.value = value)}
      />
      <Chooser<Theme>
        label={t("account.theme")}
        value={theme.value}
        choices={themes.map((one) => ({ value: one, text: t(`theme.${one}`) }))}
        onChange={(value) => (theme.value = value)}
      />
      <Button onClick={() => void leave()}>{t("account.sign-out")}</Button>
    </section>
  );
}

async function leave(): Promise<void> {
  try {
    await signOut();
    setGuard(null);
    location.assign("/");
  } catch (thrown) {
    say(asProblem(thrown).sentence);
  }
}
