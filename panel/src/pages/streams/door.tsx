/* Addresses that the edges limit or have banned, and letting one in again: after a partner has
 * mended his server one need not wait for the ban's end. */
import { liftDoor, listDoor, type Visitor } from "../../api/door";
import type { FromEdges } from "../../api/edges";
import { isAdministrator } from "../../api/session-state";
import { number, span } from "../../base/format";
import { t } from "../../base/i18n";
import { doNow } from "../../kit/act";
import { Button } from "../../kit/button";
import { Loading, useEvery, useLoad, type Loaded } from "../../kit/load";
import { NotWhole } from "../../kit/silent";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";

export function useDoor(everyMs: number): Loaded<FromEdges<Visitor>> {
  const door = useLoad("door", listDoor, ["streams"]);
  useEvery(everyMs, door.reload);
  return door;
}

const columns: Column<Visitor>[] = [
  {
    title: "door.address",
    kind: "name",
    by: (one) => one.address,
    cell: (one) => <Foreign text={one.address} />,
  },
  {
    title: "stream.state",
    by: (one) => one["banned-for-s"],
    cell: (one) =>
      one["banned-for-s"] > 0 ? (
        <span class="may-not">{t("door.banned", { time: span(one["banned-for-s"]) })}</span>
      ) : (
        t("door.watched")
      ),
  },
  {
    title: "door.failed-proofs",
    kind: "number",
    by: (one) => one["failed-proofs"],
    cell: (one) => number(one["failed-proofs"]),
  },
  {
    title: "door.refused",
    kind: "number",
    by: (one) => one.refused,
    cell: (one) => number(one.refused),
  },
  {
    title: "door.connections",
    kind: "number",
    by: (one) => one.connections,
    cell: (one) => number(one.connections),
  },
];

function lifting(then: () => Promise<void>): Column<Visitor> {
  const lift = async ({ address }: Visitor) => {
    const title = t("door.lift-of", { address });
    const act = () => liftDoor(address);
    if (await doNow({ title, done: t("door.lifted", { address }), act })) await then();
  };
  return {
    title: "column.actions",
    kind: "buttons",
    cell: (one) => (
      <Button label={t("door.lift-of", { address: one.address })} onClick={() => void lift(one)}>
        {t("door.lift")}
      </Button>
    ),
  };
}

export function Door({ of }: { of: Loaded<FromEdges<Visitor>> }) {
  return (
    <section>
      <h2>{t("door.title")}</h2>
      <p>{t("door.lead")}</p>
      <Loading of={of} />
      {of.data && !of.problem && (
        <>
          <NotWhole of={of.data} />
          <Table
            caption={t("door.title")}
            columns={isAdministrator.value ? [...columns, lifting(of.reload)] : columns}
            rows={of.data.items}
            rowKey={(one) => `${one.edge} ${one.address}`}
            empty={t("door.none")}
          />
        </>
      )}
    </section>
  );
}
