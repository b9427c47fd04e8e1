/* Gateway settings: all of them in one form, saved together or not at all.  Was another faster, what
 * was typed stays, over what is saved now, and the next Commit sends it. */
import { useState } from "preact/hooks";
import { asProblem, type Problem } from "../../api/problem";
import { isAdministrator } from "../../api/session-state";
import { changeSettings, getSettings, listSettings, type Setting, type Settings } from "../../api/settings";
import { t } from "../../base/i18n";
import { askDiscard, useGuard } from "../../kit/guard";
import { useRefusals } from "../../kit/act";
import { Button } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Notice, ProblemNotice, say } from "../../kit/notice";
import { Page } from "../../kit/page";
import type { PageRow } from "../registry";
import { changesOf, textOf, type Draft } from "./draft";
import { rangeOf, SettingField } from "./fields";

const groupTitles = ["streams", "security", "limits", "presence", "privacy", "other"] as const;
type Group = (typeof groupTitles)[number];

const places: [RegExp, Group][] = [
  [/^log-/, "privacy"],
  [/^(presence|subscription)-/, "presence"],
  [/^(dialback-|dane|posh|require-|outbound-)/, "security"],
  [/^stanza-/, "limits"],
  [/(connection-limit|-interval|-timeout)$/, "streams"],
];

function groupOf(name: string): Group {
  return places.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
}

function SettingsPage() {
  const list = useLoad("settings list", listSettings);
  const saved = useLoad("settings", getSettings, ["settings"]);
  return (
    <Page title={t("settings.title")} above={[t("nav.system")]}>
      <Loading of={list.problem || !list.data ? list : saved} />
      {list.data && saved.data && (
        <Form list={list.data} saved={saved.data} reload={saved.reload} />
      )}
    </Page>
  );
}

function Form(props: { list: Setting[]; saved: Settings; reload: () => Promise<void> }) {
  const { list, saved } = props;
  const [from, setFrom] = useState(saved); /* what was typed was typed over this */
  const [draft, setDraft] = useState<Draft>({});
  const [beaten, setBeaten] = useState<Problem | null>(null);
  const refusals = useRefusals(list.map((setting) => setting.name));
  const { changes, faults } = changesOf(list, from, draft);
  const changed = Object.keys(changes).length + faults.length > 0;
  useGuard(changed);
  if (!changed && saved.version !== from.version) setFrom(saved);

  const send = async (): Promise<Settings | undefined> => {
    try {
      return await changeSettings(from, changes);
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.status !== 412) throw problem;
      setFrom(await getSettings());
      setBeaten(problem);
      return undefined;
    }
  };
  const commit = async () => {
    setBeaten(null);
    const fault = list.find((setting) => setting.name === faults[0]);
    if (fault) return refusals.refuse(fault.name, t("settings.fault", { range: rangeOf(fault) }));
    if (!changed) return say(t("settings.saved"));
    const after = await refusals.send(send);
    if (!after) return;
    setDraft({});
    setFrom(after);
    say(t("settings.saved"));
    await props.reload();
  };
  const discard = async () => {
    if (!changed || !(await askDiscard())) return;
    setDraft({});
    refusals.clear();
  };
  const fieldOf = (setting: Setting) => (
    <SettingField
      key={setting.name}
      setting={setting}
      value={draft[setting.name] ?? textOf(setting, from[setting.name])}
      isSet={from[setting.name] !== ""}
      refusal={refusals.at(setting.name)}
      onChange={(value) => setDraft((old) => ({ ...old, [setting.name]: value }))}
    />
  );
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void commit();
      }}
    >
      <ProblemNotice problem={refusals.problem} />
      {beaten && (
        <Notice kind="warning">
          {beaten.conflict ? t("settings.beaten", { who: beaten.conflict.who }) : t("settings.beaten-unknown")}
        </Notice>
      )}
      {groupTitles.map((group) => {
        const rows = list.filter((setting) => groupOf(setting.name) === group);
        if (rows.length === 0) return null;
        return (
          <fieldset key={group}>
            <legend>{t(`settings.group.${group}`)}</legend>
            {rows.map(fieldOf)}
          </fieldset>
        );
      })}
      {isAdministrator.value && (
        <div class="commit">
          <Button type="submit" kind="primary" busy={refusals.busy}>
            {t("form.commit")}
          </Button>
          <Button disabled={!changed} onClick={() => void discard()}>
            {t("form.cancel")}
          </Button>
          {changed && <span class="unsaved">{t("form.unsaved")}</span>}
        </div>
      )}
    </form>
  );
}

export const settingsPages: PageRow[] = [
  { path: "/settings", page: SettingsPage, nav: { group: "nav.system", title: "settings.title" } },
];
