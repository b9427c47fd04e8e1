/* The table of streams, of all partners or of one, and closing one: the next message or presence
 * opens another. */
import { isAdministrator } from "../../api/session-state";
import { closeStream } from "../../api/streams";
import type { Stream } from "../../api/types";
import { number } from "../../base/format";
import { served, t } from "../../base/i18n";
import { pathOf } from "../../base/route";
import { askAndDo } from "../../kit/act";
import { Button } from "../../kit/button";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";
import { showPath } from "../partners/paths";

export const streamPattern = "/streams/{id}";

/* True: it is closed. */
export function closeAsking(stream: Stream): Promise<boolean> {
  return askAndDo({
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
}

const partner: Column<Stream> = {
  title: "streams.partner",
  kind: "name",
  by: (one) => one.partner,
  cell: (one) => (
    <a href={showPath(one.partner)}>
      <Foreign text={one.partner} />
    </a>
  ),
};

const facts: Column<Stream>[] = [
  {
    title: "stream.direction",
    by: (one) => one.direction,
    cell: (one) => t(`direction.${one.direction}`),
  },
  {
    title: "stream.domains",
    kind: "name",
    by: (one) => `${one.local} ${one.remote}`,
    cell: (one) => <Foreign text={`${one.local} ↔ ${one.remote}`} />,
  },
  { title: "stream.state", by: (one) => one.state, cell: (one) => served(one.state) },
  { title: "stream.method", by: (one) => one.method, cell: (one) => served(one.method) },
  { title: "stream.since", by: (one) => one.since, cell: (one) => <Time at={one.since} relative /> },
  {
    title: "stream.stanzas",
    by: (one) => one["stanzas-in"] + one["stanzas-out"],
    cell: (one) =>
      t("stream.in-out", { in: number(one["stanzas-in"]), out: number(one["stanzas-out"]) }),
  },
  {
    title: "streams.queued",
    kind: "number",
    by: (one) => one["queued-bytes"],
    cell: (one) => number(one["queued-bytes"]),
  },
  {
    title: "streams.id",
    by: (one) => one.id,
    cell: (one) => (
      <a href={pathOf(streamPattern, { id: one.id })}>
        <code>{one.id}</code>
      </a>
    ),
  },
];

function closing(then: () => Promise<void>): Column<Stream> {
  return {
    title: "column.actions",
    kind: "buttons",
    cell: (one) => (
      <Button
        kind="quiet"
        icon="close"
        label={t("streams.close-of", { id: one.id })}
        onClick={() => void closeAsking(one).then((closed) => (closed ? then() : undefined))}
      />
    ),
  };
}

export function StreamTable(props: {
  streams: Stream[];
  then: () => Promise<void>;
  ofOne?: boolean; /* partner */
}) {
  return (
    <Table
      caption={t("streams.title")}
      columns={[
        ...(props.ofOne ? [] : [partner]),
        ...facts,
        ...(isAdministrator.value ? [closing(props.then)] : []),
      ]}
      rows={props.streams}
      rowKey={(one) => `${one.edge} ${one.id}`}
      first={{ column: 0, descending: false }}
      empty={t("show.no-streams")}
    />
  );
}
