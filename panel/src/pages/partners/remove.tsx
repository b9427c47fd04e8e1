/* Removing a partner: first what it will cut, then the question. */
import { countContacts, getPartner, listStreams, removePartner } from "../../api/partners";
import { asProblem } from "../../api/problem";
import type { Partner } from "../../api/types";
import { dateTime } from "../../base/format";
import { t, tn } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { ask } from "../../kit/dialog";
import { ProblemNotice, say } from "../../kit/notice";
import { Domain } from "../../kit/text";

/* null: nobody could tell. */
async function counted(counting: Promise<number | null>): Promise<number | null> {
  return counting.catch(() => null);
}

function Cuts(props: { partner: Partner; streams: number | null; contacts: number | null }) {
  const { partner, streams, contacts } = props;
  return (
    <>
      <p>
        <Domain ascii={partner.domain} unicode={partner["domain-unicode"]} />
      </p>
      <ul>
        <li>{streams === null ? t("remove.streams-unknown") : tn("remove.streams", streams)}</li>
        <li>{contacts === null ? t("remove.contacts-unknown") : tn("remove.contacts", contacts)}</li>
        {partner.additional.length > 0 && (
          <li>{tn("remove.domains", partner.additional.length)}</li>
        )}
      </ul>
      <p>{t("remove.restore")}</p>
    </>
  );
}

/* True: it is gone. */
async function removeAsking(listed: Partner): Promise<boolean> {
  const [partner, streams, contacts] = await Promise.all([
    getPartner(listed.domain).catch(() => listed),
    counted(listStreams(listed.domain).then((told) => (told.silent.length ? null : told.items.length))),
    counted(countContacts([listed.domain, ...listed.additional])),
  ]);
  const name = revealed(partner["domain-unicode"]);
  const answer = await ask(
    t("remove.title", { name }),
    <Cuts partner={partner} streams={streams} contacts={contacts} />,
    [{ value: true, text: t("remove.submit"), kind: "danger" }],
  );
  if (!answer) return false;
  try {
    await removePartner(partner);
    say(t("remove.done", { name }));
    return true;
  } catch (thrown) {
    return refused(partner, asProblem(thrown));
  }
}

async function refused(partner: Partner, problem: ReturnType<typeof asProblem>): Promise<boolean> {
  if (problem.status === 404) return true;
  if (problem.status !== 412) {
    await ask(t("remove.failed"), <ProblemNotice problem={problem} />, []);
    return false;
  }
  const who = problem.conflict?.who ?? t("conflict.somebody");
  const at = problem.conflict ? dateTime(problem.conflict.at) : "";
  const again = await ask(t("conflict.title"), <p>{t("remove.changed", { who, at })}</p>, [
    { value: true, text: t("remove.look-again"), kind: "primary" },
  ]);
  return again ? removeAsking(partner) : false;
}

export async function removeThen(partner: Partner, then: () => Promise<void>): Promise<void> {
  if (await removeAsking(partner)) await then();
}
