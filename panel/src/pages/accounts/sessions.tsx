/* Who is signed in, and ending that: of everybody for administrators, of oneself for all. */
import { endSessions, listSessions, type SignedIn } from "../../api/accounts";
import { session } from "../../api/session-state";
import { t } from "../../base/i18n";
import { askAndDo } from "../../kit/act";
import { Button } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Table, type Column } from "../../kit/table";
import { Foreign, Tag } from "../../kit/text";
import { Time } from "../../kit/time";

/* Then nobody is signed in with it any more; whoever ended his own starts afresh. */
export async function endAsking(account: string, then: () => Promise<void>): Promise<void> {
  const isOwn = account === session.peek()?.account;
  const ended = await askAndDo({
    title: t("sessions.end-title", { name: account }),
    body: isOwn && <p>{t("sessions.end-own")}</p>,
    submit: t("sessions.end"),
    done: t("sessions.ended"),
    act: () => endSessions(account),
  });
  if (ended && isOwn) location.assign("/");
  else if (ended) await then();
}

const account: Column<SignedIn> = {
  title: "sign-in.account",
  kind: "name",
  by: (one) => one.account,
  cell: (one) => (
    <>
      <Foreign text={one.account} />
      {one.directory && <Tag>{t("accounts.directory")}</Tag>}
    </>
  ),
};

const facts: Column<SignedIn>[] = [
  {
    title: "sessions.address",
    kind: "name",
    by: (one) => one.address,
    cell: (one) => <Foreign text={one.address || "–"} />,
  },
  { title: "stream.since", by: (one) => one.since, cell: (one) => <Time at={one.since} /> },
  { title: "sessions.seen", by: (one) => one.seen, cell: (one) => <Time at={one.seen} relative /> },
];

/* `of`: of this account only, without a button for each. */
export function Sessions({ of }: { of?: string }) {
  const sessions = useLoad("sessions", () => listSessions(of));
  const buttons: Column<SignedIn> = {
    title: "column.actions",
    kind: "buttons",
    cell: (one) => (
      <Button
        label={t("sessions.end-of", { name: one.account })}
        onClick={() => void endAsking(one.account, sessions.reload)}
      >
        {t("sessions.end")}
      </Button>
    ),
  };
  return (
    <>
      <Loading of={sessions} />
      {sessions.data && (
        <Table
          caption={t("sessions.title")}
          columns={of ? facts : [account, ...facts, buttons]}
          rows={sessions.data}
          rowKey={(one) => one.id}
          empty="–"
        />
      )}
    </>
  );
}
