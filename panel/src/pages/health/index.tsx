/* Health: what wants attention first, then components, certificates, the last hours as charts, and
 * what waits in queues. */
import { getHealth, type Component, type Health } from "../../api/health";
import { number } from "../../base/format";
import { known, t } from "../../base/i18n";
import { Button } from "../../kit/button";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { Notice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";
import type { PageRow } from "../registry";
import { Certificates } from "./certificates";
import { linesOf, type Line } from "./chart-data";
import { Charts } from "./charts";

const EVERY_MS = 30000;

const components: Column<Component>[] = [
  { title: "health.component", kind: "name", cell: (one) => <Foreign text={nameOf(one)} /> },
  {
    title: "stream.state",
    cell: (one) => (
      <span class={one.up ? "may" : "may-not"}>{t(one.up ? "health.up" : "health.down")}</span>
    ),
  },
  { title: "stream.since", cell: (one) => (one.since ? <Time at={one.since} relative /> : "–") },
  { title: "health.version", cell: (one) => <Foreign text={one.version ?? "–"} /> },
  { title: "rules.reason", kind: "name", cell: (one) => <Foreign text={one.reason || "–"} /> },
];

function nameOf(one: Component): string {
  return one.kind === one.name ? one.kind : `${one.kind} ${one.name}`;
}

type Told = Line & { of: string };

function told(of: string, counters: unknown): Told[] {
  return linesOf(counters).map((line) => ({ ...line, of }));
}

const counters: Column<Told>[] = [
  {
    title: "health.component",
    kind: "name",
    by: (one) => one.of,
    cell: (one) => <Foreign text={one.of} />,
  },
  { title: "health.counter", by: (one) => one.name, cell: (one) => <code>{one.name}</code> },
  {
    title: "health.value",
    kind: "number",
    by: (one) => one.value,
    cell: (one) => number(one.value),
  },
];

function HealthPage() {
  const health = useLoad("health", getHealth, ["streams", "settings", "partners"]);
  useEvery(EVERY_MS, health.reload);
  return (
    <Page
      title={t("health.title")}
      above={[t("nav.system")]}
      actions={
        <Button icon="refresh" busy={health.busy} onClick={() => void health.reload()}>
          {t("partners.refresh")}
        </Button>
      }
    >
      <Loading of={health} />
      {health.data && (
        <>
          <Verdict health={health.data} />
          <Components rows={health.data.components} />
          <Certificates health={health.data} then={health.reload} />
        </>
      )}
      <Charts />
      {health.data && (
        <>
          <Queues of={health.data.queues} />
          <Counters of={health.data.counters} />
        </>
      )}
    </Page>
  );
}

function Verdict({ health }: { health: Health }) {
  return (
    <section>
      <p role="status" class={`verdict ${health.state}`}>
        <strong>{t(`health.state.${health.state}`)}</strong>{" "}
        <small>
          <Time at={health.at} />
        </small>
      </p>
      {health.sentences.map((one) => (
        <Notice key={one.sentence} kind={one.state === "failed" ? "error" : "warning"}>
          <Foreign text={one.sentence} />
        </Notice>
      ))}
    </section>
  );
}

function Components({ rows }: { rows: Component[] }) {
  return (
    <section>
      <h2>{t("health.components")}</h2>
      <Table
        caption={t("health.components")}
        columns={components}
        rows={rows}
        rowKey={nameOf}
        empty={t("health.nothing")}
      />
    </section>
  );
}

/* What waits at this moment, by component. */
function Queues({ of }: { of: Health["queues"] }) {
  const all = [{ name: "gateway", queues: of.gateway }].concat(
    of.edges.map((one) => ({ name: one.edge, queues: one.queues })),
  );
  return (
    <section>
      <h2>{t("health.queues")}</h2>
      {all.map(({ name, queues }) => (
        <div key={name}>
          <h3>
            <Foreign text={name} />
          </h3>
          {!queues && <p class="none">{t("health.nothing")}</p>}
          {queues && (
            <dl class="properties numbers">
              {linesOf(queues).map((line) => (
                <div key={line.name}>
                  <dt>{known(`queue.${line.name}`) ?? line.name}</dt>
                  <dd>{number(line.value)}</dd>
                </div>
              ))}
            </dl>
          )}
        </div>
      ))}
    </section>
  );
}

function Counters({ of }: { of: Health["counters"] }) {
  const rows = [
    ...told("gateway", of.gateway),
    ...of.edges.flatMap((one) => told(one.edge, one.counters)),
  ].filter((one) => !one.name.startsWith("queues."));
  return (
    <details>
      <summary>{t("health.counters")}</summary>
      <Table
        caption={t("health.counters")}
        columns={counters}
        rows={rows}
        rowKey={(one) => `${one.of} ${one.name}`}
        empty={t("health.nothing")}
      />
    </details>
  );
}

export const healthPages: PageRow[] = [
  { path: "/health", page: HealthPage, nav: { group: "nav.system", title: "health.title" } },
];
