/* Live streams: what the edges hold open at this moment, the facts of one, and which addresses are
 * kept from opening more. */
import { useState } from "preact/hooks";
import { listStreams } from "../../api/partners";
import { isAdministrator } from "../../api/session-state";
import { getStream } from "../../api/streams";
import type { Stream } from "../../api/types";
import { t, tn } from "../../base/i18n";
import { Button } from "../../kit/button";
import { FactSheet } from "../../kit/facts";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { Page } from "../../kit/page";
import { NotWhole } from "../../kit/silent";
import type { PageRow } from "../registry";
import { Door, useDoor } from "./door";
import { closeAsking, StreamTable, streamPattern } from "./table";

const EVERY_MS = 10000; /* counts grow without an event for each */

function StreamList() {
  const list = useLoad("all streams", () => listStreams(), ["streams", "partners"]);
  const door = useDoor(EVERY_MS);
  useEvery(EVERY_MS, list.reload);
  const both = async () => {
    await Promise.all([list.reload(), door.reload()]);
  };
  return (
    <Page
      title={t("streams.title")}
      above={[t("nav.federation")]}
      actions={
        <Button icon="refresh" busy={list.busy} onClick={() => void both()}>
          {t("partners.refresh")}
        </Button>
      }
    >
      <section>
        <Loading of={list} />
        {list.data && !list.problem && (
          <>
            <NotWhole of={list.data} />
            <p role="status">{tn("streams.count", list.data.items.length)}</p>
            <StreamTable streams={list.data.items} then={list.reload} />
          </>
        )}
      </section>
      <Door of={door} />
    </Page>
  );
}

function ShowStream({ id }: { id: string }) {
  const facts = useLoad(`stream ${id}`, () => getStream(id), ["streams"]);
  const [isClosed, setClosed] = useState(false);
  useEvery(EVERY_MS, facts.reload);
  const stream = facts.data as unknown as Stream | undefined;
  const close = async (one: Stream) => {
    if (await closeAsking(one)) setClosed(true);
  };
  return (
    <Page
      title={t("streams.one", { id })}
      above={[t("nav.federation"), <a href="/streams">{t("streams.title")}</a>]}
      actions={
        stream &&
        !facts.problem &&
        !isClosed &&
        isAdministrator.value && (
          <Button kind="danger" icon="close" onClick={() => void close(stream)}>
            {t("streams.close")}
          </Button>
        )
      }
    >
      {isClosed ? <p>{t("streams.closed")}</p> : <Loading of={facts} />}
      {facts.data && <FactSheet of={facts.data} />}
    </Page>
  );
}

export const streamPages: PageRow[] = [
  { path: "/streams", page: StreamList, nav: { group: "nav.federation", title: "streams.title" } },
  { path: streamPattern, page: ShowStream },
];
