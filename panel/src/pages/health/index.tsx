/* Health: what wants attention first, then components, certificates, queues, counters, and the last
 * hours as charts. */
import { getHealth, type Certificate, type Component, type Health } from "../../api/health";
import { ago, dateTime, number } from "../../base/format";
import { t, tn } from "../../base/i18n";
import { Button } from "../../kit/button";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { Notice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import type { PageRow } from "../registry";
import { linesOf, type Line } from "./chart-data";
import { Charts } from "./charts";

const EVERY_MS = 30000;

const components: Column<Component>[] = [
  { title: "health.component", cell: (one) => <Foreign text={one.kind === "gateway" ? "gateway" : `${one.kind} ${one.name}`} /> },
  {
    title: "stream.state",
    cell: (one) => (
      <span class={one.up ? "may" : "may-not"}>{t(one.up ? "health.up" : "health.down")}</span>
    ),
  },
  { title: "stream.since", cell: (one) => (one.since ? <time dateTime={one.since} title={dateTime(one.since)}>{ago(one.since)}</time> : "–") },
  { title: "health.version", cell: (one) => <Foreign text={one.version ?? "–"} /> },
  { title: "rules.reason", cell: (one) => <Foreign text={one.reason || "–"} /> },
];

const certificates: Column<Certificate>[] = [
  { title: "health.covers", cell: (one) => <Foreign text={one.covers.join(", ") || "–"} /> },
  {
    title: "health.expires",
    by: (one) => one["days-left"],
    cell: (one) => (
      <>
        {tn("health.days", one["days-left"])}
        <br />
        <small>{dateTime(one["not-after"])}</small>
      </>
    ),
  },
  { title: "health.issuer", cell: (one) => <Foreign text={one.issuer || "–"} /> },
  { title: "health.warnings", cell: (one) => <Foreign text={one.warnings.join("; ") || "–"} /> },
  { title: "health.file", cell: (one) => <Foreign text={one.file} /> },
];

type Told = Line & { of: string };

function told(of: string, counters: unknown): Told[] {
  return linesOf(counters).map((line) => ({ ...line, of }));
}

const numbers: Column<Told>[] = [
  { title: "health.component", by: (one) => one.of, cell: (one) => <Foreign text={one.of} /> },
  { title: "health.counter", by: (one) => one.name, cell: (one) => <code>{one.name}</code> },
  { title: "health.value", kind: "number", by: (one) => one.value, cell: (one) => number(one.value) },
];

function Numbers({ rows, caption }: { rows: Told[]; caption: string }) {
  return (
    <Table
      caption={caption}
      columns={numbers}
      rows={rows}
      rowKey={(one) => `${one.of} ${one.name}`}
      empty={t("health.nothing")}
    />
  );
}

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
      {health.data && <Facts health={health.data} />}
      <Charts />
      {health.data && <Counters health={health.data} />}
    </Page>
  );
}

function Facts({ health }: { health: Health }) {
  return (
    <>
      <p role="status">
        <span class={health.state === "ok" ? "may" : "may-not"}>{t(`health.state.${health.state}`)}</span>{" "}
        <small>{dateTime(health.at)}</small>
      </p>
      {health.sentences.map((one) => (
        <Notice key={one.sentence} kind={one.state === "failed" ? "error" : "warning"}>
          <Foreign text={one.sentence} />
        </Notice>
      ))}
      <section>
        <h2>{t("health.components")}</h2>
        <Table caption={t("health.components")} columns={components} rows={health.components} rowKey={(one) => `${one.kind} ${one.name}`} empty={t("health.nothing")} />
      </section>
      <section>
        <h2>{t("health.certificates")}</h2>
        {health.uncovered.length > 0 && (
          <Notice kind="warning">
            {t("health.uncovered")} <Foreign text={health.uncovered.join(", ")} />
          </Notice>
        )}
        <Table caption={t("health.certificates")} columns={certificates} rows={health.certificates} rowKey={(one) => `${one.edge} ${one.file}`} empty={t("health.nothing")} />
      </section>
    </>
  );
}

function Counters({ health }: { health: Health }) {
  const queues = [
    ...told("gateway", health.queues.gateway),
    ...health.queues.edges.flatMap((one) => told(one.edge, one.queues)),
  ];
  const counters = [
    ...told("gateway", health.counters.gateway),
    ...health.counters.edges.flatMap((one) => told(one.edge, one.counters)),
  ].filter((one) => !one.name.startsWith("queues."));
  return (
    <>
      <section>
        <h2>{t("health.queues")}</h2>
        <Numbers rows={queues} caption={t("health.queues")} />
      </section>
      <details>
        <summary>{t("health.counters")}</summary>
        <Numbers rows={counters} caption={t("health.counters")} />
      </details>
    </>
  );
}

export const healthPages: PageRow[] = [
  { path: "/health", page: HealthPage, nav: { group: "nav.system", title: "health.title" } },
];
