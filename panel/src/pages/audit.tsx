/* Audit: who changed what and when, each change as a difference, and bringing back what was; what
 * that would change is shown first. */
import { useEffect, useState } from "preact/hooks";
import { getRevision, listAudit, restore, tryRestore, type AuditFilter, type Entry, type Revision } from "../api/audit";
import { asProblem, type Problem } from "../api/problem";
import { isAdministrator } from "../api/session-state";
import { derived, differences } from "../base/diff";
import { dateTime } from "../base/format";
import { known, t } from "../base/i18n";
import { go, pathOf } from "../base/route";
import { ask } from "../kit/dialog";
import { Button } from "../kit/button";
import { Differences, fieldName } from "../kit/differences";
import { Filters } from "../kit/filters";
import { Loading, useLoad } from "../kit/load";
import { ProblemNotice, say } from "../kit/notice";
import { Page } from "../kit/page";
import { Table, type Column } from "../kit/table";
import { Foreign } from "../kit/text";
import { Time } from "../kit/time";
import { wordsEn } from "../text/words.en";
import type { PageRow } from "./registry";

const showPattern = "/audit/{id}";

/* "partner set", in the reader's words. */
function actionName(action: string): string {
  return known(`action.${action}`) ?? action;
}

const columns: Column<Entry>[] = [
  { title: "audit.at", cell: (one) => <Time at={one.at} /> },
  { title: "audit.who", kind: "name", cell: (one) => <Foreign text={one.who} /> },
  {
    title: "audit.action",
    cell: (one) => (
      <a class="roomy" href={pathOf(showPattern, { id: String(one.id) })}>
        <Foreign text={actionName(one.action)} />
      </a>
    ),
  },
  { title: "audit.object", kind: "name", cell: (one) => <Foreign text={one.object || "–"} /> },
  {
    title: "audit.fields",
    kind: "name",
    cell: (one) => <Foreign text={one.fields.map(fieldName).join(", ") || "–"} />,
  },
];

const ACTION = "action.";

/* What can be done, as the catalogue has it. */
function actionChoices() {
  return Object.keys(wordsEn)
    .filter((key) => key.startsWith(ACTION))
    .map((key) => key.slice(ACTION.length))
    .map((value) => ({ value, text: actionName(value) }));
}

function AuditList() {
  const [filter, setFilter] = useState<AuditFilter>({});
  const key = `audit ${JSON.stringify(filter)}`;
  const first = useLoad(key, () => listAudit(filter, null), ["partners", "settings"]);
  return (
    <Page
      title={t("audit.title")}
      above={[t("nav.system")]}
      actions={
        <Button icon="refresh" busy={first.busy} onClick={() => void first.reload()}>
          {t("partners.refresh")}
        </Button>
      }
    >
      <Filters
        fields={[
          { name: "object", label: t("audit.object") },
          { name: "who", label: t("audit.who") },
          { name: "action", label: t("audit.action"), choices: actionChoices() },
        ]}
        onChange={setFilter}
      />
      <Loading of={first} />
      {first.data && <Entries key={key} filter={filter} first={first.data} />}
    </Page>
  );
}

/* The newest, and older ones as they are asked for. */
function Entries(props: { filter: AuditFilter; first: { audit: Entry[]; next: string | null } }) {
  const { filter, first } = props;
  const [older, setOlder] = useState<Entry[]>([]);
  const [next, setNext] = useState(first.next);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    setOlder([]);
    setNext(first.next);
  }, [first]);
  const more = async () => {
    try {
      const part = await listAudit(filter, next);
      setOlder((old) => [...old, ...part.audit]);
      setNext(part.next);
      setProblem(null);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  return (
    <>
      <Table
        caption={t("audit.title")}
        columns={columns}
        rows={[...first.audit, ...older]}
        rowKey={(one) => String(one.id)}
        empty={t("audit.none")}
      />
      <ProblemNotice problem={problem} />
      {next && <Button onClick={() => void more()}>{t("audit.older")}</Button>}
    </>
  );
}

function AuditEntry({ id }: { id: string }) {
  const revision = useLoad(`audit row ${id}`, () => getRevision(id));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const begin = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await restoreAsking(id);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setBusy(false);
  };
  const one = revision.data;
  return (
    <Page
      title={one ? titleOf(one) : t("audit.title")}
      heading={one && <Foreign text={titleOf(one)} />}
      above={[t("nav.system"), <a href="/audit">{t("audit.title")}</a>]}
      actions={
        one?.restorable &&
        isAdministrator.value && (
          <Button busy={busy} onClick={() => void begin()}>
            {t("audit.restore")}
          </Button>
        )
      }
    >
      <Loading of={revision} />
      <ProblemNotice problem={problem} />
      {one && <RevisionFacts of={one} />}
    </Page>
  );
}

function titleOf(one: Revision): string {
  return one.object ? `${actionName(one.action)}: ${one.object}` : actionName(one.action);
}

function RevisionFacts({ of }: { of: Revision }) {
  return (
    <>
      <p>
        <Foreign text={t("audit.by", { who: of.who, at: dateTime(of.at) })} />
      </p>
      <Differences of={of.changes} caption={t("audit.changes")} />
      {!of.restorable && <p class="none">{t("audit.nothing")}</p>}
    </>
  );
}

async function restoreAsking(id: string): Promise<void> {
  const trial = await tryRestore(id);
  const changes = differences(trial.before, trial.after, derived);
  const choices = [{ value: true, text: t("audit.restore"), kind: "primary" as const }];
  const answer = await ask(
    t("audit.restore-title"),
    <>
      <p>{t(changes.length ? "audit.restore-text" : "audit.restore-nothing")}</p>
      {changes.length > 0 && <Differences of={changes} caption={t("audit.changes")} />}
    </>,
    changes.length ? choices : [],
    true,
  );
  if (!answer) return;
  await restore(id, trial);
  say(t("audit.restored"));
  await go("/audit");
}

export const auditPages: PageRow[] = [
  { path: "/audit", page: AuditList, nav: { group: "nav.system", title: "audit.title" } },
  { path: showPattern, page: AuditEntry },
];
