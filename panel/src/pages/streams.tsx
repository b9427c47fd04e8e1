/* Live streams: what the edges hold open at this moment, the facts of one, and closing it.  The next
 * message or presence opens another. */
import { useState } from "preact/hooks";
import { listStreams } from "../api/partners";
import { isAdministrator } from "../api/session-state";
import { closeStream, getStream } from "../api/streams";
import type { Stream } from "../api/types";
import { ago, dateTime, number } from "../base/format";
import { served, t, tn } from "../base/i18n";
import { pathOf } from "../base/route";
import { askAndDo } from "../kit/act";
import { Button } from "../kit/button";
import { Loading, useEvery, useLoad } from "../kit/load";
import { Page } from "../kit/page";
import { Table, type Column } from "../kit/table";
import { Foreign } from "../kit/text";
import { Facts } from "./partners/steps";
import { showPath } from "./partners/paths";
import type { PageRow } from "./registry";

const EVERY_MS = 10000; /* counts grow without an event for each */

export function streamPath(id: string): string {
  return pathOf("/streams/{id}", { id });
}

async function close(stream: Stream, then: () => Promise<void>): Promise<void> {
  const closed = await askAndDo({
    title: t("streams.close-title", { partner: stream.partner }),
    body: (
      <p>
        <Foreign text={t("streams.close-text", { id: stream.id })} />
      </p>
    ),
    submit: t("streams.close"),
    done: t("streams.closed"),
    act: () => closeStream(stream),
  });
  if (closed) await then();
}

function columnsOf(then: () => Promise<void>): Column<Stream>[] {
  const columns: Column<Stream>[] = [
    {
      title: "streams.partner",
      by: (one) => one.partner,
      cell: (one) => (
        <a href={showPath(one.partner)}>
          <Foreign text={one.partner} />
        </a>
      ),
    },
    { title: "streams.id", by: (one) => one.id, cell: (one) => <a href={streamPath(one.id)}>{one.id}</a> },
    { title: "stream.direction", by: (one) => one.direction, cell: (one) => t(`direction.${one.direction}`) },
    { title: "stream.domains", by: (one) => `${one.local} ${one.remote}`, cell: (one) => <Foreign text={`${one.local} ↔ ${one.remote}`} /> },
    { title: "stream.state", by: (one) => one.state, cell: (one) => <Foreign text={one.state} /> },
    { title: "stream.method", by: (one) => one.method, cell: (one) => <Foreign text={served(one.method)} /> },
    {
      title: "stream.since",
      by: (one) => one.since,
      cell: (one) => (
        <time dateTime={one.since} title={dateTime(one.since)}>
          {ago(one.since)}
        </time>
      ),
    },
    {
      title: "stream.stanzas",
      by: (one) => one["stanzas-in"] + one["stanzas-out"],
      cell: (one) => t("stream.in-out", { in: number(one["stanzas-in"]), out: number(one["stanzas-out"]) }),
    },
    { title: "streams.queued", number: true, by: (one) => one["queued-bytes"], cell: (one) => number(one["queued-bytes"]) },
  ];
  if (isAdministrator.value)
    columns.push({
      title: "column.actions",
      cell: (one) => (
        <Button kind="quiet" icon="close" label={t("streams.close-of", { id: one.id })} onClick={() => void close(one, then)} />
      ),
    });
  return columns;
}

function StreamList() {
  const list = useLoad("all streams", () => listStreams(), ["streams", "partners"]);
  useEvery(EVERY_MS, list.reload);
  return (
    <Page
      title={t("streams.title")}
      above={t("nav.federation")}
      actions={
        <Button icon="refresh" busy={list.busy} onClick={() => void list.reload()}>
          {t("partners.refresh")}
        </Button>
      }
    >
      <Loading of={list} />
      {list.data && !list.problem && (
        <>
          <p role="status">{tn("streams.count", list.data.length)}</p>
          <Table
            caption={t("streams.title")}
            columns={columnsOf(list.reload)}
            rows={list.data}
            rowKey={(one) => `${one.edge} ${one.id}`}
            first={{ column: 0, descending: false }}
            empty={t("show.no-streams")}
          />
        </>
      )}
    </Page>
  );
}

function ShowStream({ id }: { id: string }) {
  const facts = useLoad(`stream ${id}`, () => getStream(id), ["streams"]);
  const [isClosed, setClosed] = useState(false);
  useEvery(EVERY_MS, facts.reload);
  const stream = facts.data as unknown as Stream | undefined;
  return (
    <Page
      title={t("streams.one", { id })}
      above={<a href="/streams">{t("streams.title")}</a>}
      actions={
        stream &&
        !facts.problem &&
        !isClosed &&
        isAdministrator.value && (
          <Button kind="danger" icon="close" onClick={() => void close(stream, async () => setClosed(true))}>
            {t("streams.close")}
          </Button>
        )
      }
    >
      {isClosed ? <p>{t("streams.closed")}</p> : <Loading of={facts} />}
      {facts.data && <Facts of={facts.data} />}
    </Page>
  );
}

export const streamPages: PageRow[] = [
  { path: "/streams", page: StreamList, nav: { group: "nav.federation", title: "streams.title" } },
  { path: "/streams/{id}", page: ShowStream },
];
