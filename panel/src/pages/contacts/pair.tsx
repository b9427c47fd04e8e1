/* What the rules say about one user and one contact. */
import { block, getPair, unblock, type Judged, type Pair } from "../../api/contacts";
import { isAdministrator } from "../../api/session-state";
import { dateTime } from "../../base/format";
import { served, t, type Key } from "../../base/i18n";
import { doNow } from "../../kit/act";
import { Button } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Page } from "../../kit/page";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { sightText, word } from "./words";

export function PairPage({ user, contact }: { user: string; contact: string }) {
  const pair = useLoad(`pair ${user} ${contact}`, () => getPair(user, contact), ["partners", "settings"]);
  const turn = async ({ blocked }: Pair) => {
    const title = t(blocked ? "blocks.lift" : "contacts.block-one");
    const done = t(blocked ? "blocks.lifted" : "blocks.done");
    const act = () => (blocked ? unblock : block)(user, contact);
    if (await doNow({ title, done, act })) await pair.reload();
  };
  return (
    <Page
      title={`${user} – ${contact}`}
      heading={<Foreign text={`${user} – ${contact}`} />}
      above={[t("nav.federation"), <a href="/contacts">{t("contacts.title")}</a>]}
      actions={
        pair.data &&
        isAdministrator.value && (
          <Button onClick={() => void turn(pair.data!)}>
            {t(pair.data.blocked ? "blocks.lift" : "contacts.block-one")}
          </Button>
        )
      }
    >
      <Loading of={pair} />
      {pair.data && <PairFacts pair={pair.data} />}
    </Page>
  );
}

function PairFacts({ pair }: { pair: Pair }) {
  const facts: [Key, string][] = [
    ["streams.partner", pair.partner ?? t("contacts.no-partner")],
    ["partner.type", pair.type ? word(`type.${pair.type}`) : "–"],
    ["contacts.invited", pair.since ? dateTime(pair.since) : t("no")],
    ["contacts.blocked", pair.blocked ? t("yes") : t("no")],
    ["contacts.access", pair.access ? t("access.may") : t("access.may-not")],
    ["contacts.user-sees", sightText(pair["user-sees"])],
    ["contacts.contact-sees", sightText(pair["contact-sees"])],
  ];
  const columns: Column<[string, Judged]>[] = [
    { title: "rules.event", cell: ([event]) => word(`event.${event}`) },
    {
      title: "rules.answer",
      cell: ([, one]) => (
        <span class={one.answer === "refuse" ? "may-not" : "may"}>{word(`answer.${one.answer}`)}</span>
      ),
    },
    { title: "rules.rule", cell: ([, one]) => <Foreign text={served(one.rule)} /> },
    { title: "rules.reason", cell: ([, one]) => <Foreign text={served(one.reason) || "–"} /> },
  ];
  return (
    <>
      <dl class="properties">
        {facts.map(([title, text]) => (
          <div key={title}>
            <dt>{t(title)}</dt>
            <dd>
              <Foreign text={text} />
            </dd>
          </div>
        ))}
      </dl>
      <h2>{t("contacts.rules")}</h2>
      <Table
        caption={t("contacts.rules")}
        columns={columns}
        rows={Object.entries(pair.rules)}
        rowKey={([event]) => event}
        empty="–"
      />
    </>
  );
}
