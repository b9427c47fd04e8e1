/* Contacts: whom users have invited and who sees whom, what the rules say about a pair, and whom a
 * user blocks.  Users make contacts; here they are looked at and taken back. */
import { useState } from "preact/hooks";
import { asProblem } from "../api/problem";
import {
  block, getPair, listBlocks, listContacts, removeContact, unblock,
  type Block, type Contact, type Filter, type Judged, type Pair,
} from "../api/contacts";
import { isAdministrator } from "../api/session-state";
import { dateTime } from "../base/format";
import { served, t, type Key } from "../base/i18n";
import { pathOf } from "../base/route";
import { en } from "../text/en";
import { askAndDo, doNow, FormDialog, useRefusals } from "../kit/act";
import { Button } from "../kit/button";
import { TextField } from "../kit/field";
import { Loading, useLoad } from "../kit/load";
import { Notice, say } from "../kit/notice";
import { Page } from "../kit/page";
import { Table, type Column } from "../kit/table";
import { Foreign } from "../kit/text";
import type { PageRow } from "./registry";

const pairPattern = "/contacts/{user}/{contact}";

/* Of a word of the server; one that the catalogue does not know is shown as it is. */
function word(key: string): string {
  return key in en ? t(key as Key) : key.slice(key.indexOf(".") + 1);
}

function ContactsPage() {
  const [filter, setFilter] = useState<Filter>({});
  const [blocking, setBlocking] = useState(false);
  const contacts = useLoad(
    `contacts ${JSON.stringify(filter)}`,
    () => listContacts(filter),
    ["partners"],
  );
  const blocks = useLoad(`blocks ${filter.user ?? ""}`, () => listBlocks(filter.user ?? ""), ["partners"]);
  const both = async () => {
    await Promise.all([contacts.reload(), blocks.reload()]);
  };
  return (
    <Page
      title={t("contacts.title")}
      above={t("nav.federation")}
      actions={
        <>
          {isAdministrator.value && (
            <Button kind="primary" icon="add" onClick={() => setBlocking(true)}>
              {t("contacts.block")}
            </Button>
          )}
          <Button icon="refresh" busy={contacts.busy} onClick={() => void both()}>
            {t("partners.refresh")}
          </Button>
        </>
      }
    >
      <Filters
        filter={filter}
        onChange={setFilter}
        refusals={contacts.problem ? { [contacts.problem.field]: contacts.problem.sentence } : {}}
      />
      {!["user", "partner"].includes(contacts.problem?.field ?? "") && <Loading of={contacts} />}
      {contacts.data && (
        <>
          {contacts.data.next && <Notice kind="info">{t("contacts.more")}</Notice>}
          <ContactTable rows={contacts.data.items} then={both} />
        </>
      )}
      <h2>{t("blocks.title")}</h2>
      <Loading of={blocks} />
      {blocks.data && <BlockTable rows={blocks.data} then={both} />}
      {blocking && <NewBlock user={filter.user ?? ""} onClose={() => setBlocking(false)} then={both} />}
    </Page>
  );
}

function Filters(props: {
  filter: Filter;
  onChange: (filter: Filter) => void;
  refusals: Record<string, string>;
}) {
  const [user, setUser] = useState(props.filter.user ?? "");
  const [partner, setPartner] = useState(props.filter.partner ?? "");
  const input = { autocapitalize: "none", autocomplete: "off" } as const;
  return (
    <form
      class="filters"
      role="search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const next: Filter = {};
        if (user.trim()) next.user = user.trim();
        if (partner.trim()) next.partner = partner.trim();
        props.onChange(next);
      }}
    >
      <TextField name="user" label={t("contacts.user")} refusal={props.refusals["user"]} value={user} onChange={setUser} input={input} />
      <TextField name="partner" label={t("contacts.filter-partner")} refusal={props.refusals["partner"]} value={partner} onChange={setPartner} input={input} />
      <Button type="submit">{t("contacts.filter")}</Button>
    </form>
  );
}

/* A subscription as told: {"state","consented","since"}. */
function sightText(sight: unknown): string {
  if (typeof sight !== "object" || !sight) return "–";
  const { state } = sight as { state?: unknown };
  return typeof state === "string" ? word(`sight.${state}`) : t("yes");
}

function ContactTable({ rows, then }: { rows: Contact[]; then: () => Promise<void> }) {
  const columns: Column<Contact>[] = [
    { title: "contacts.user", by: (one) => one.user, cell: (one) => <Foreign text={one.user} /> },
    { title: "contacts.contact", by: (one) => one.contact, cell: (one) => <Foreign text={one.contact} /> },
    {
      title: "contacts.invited",
      by: (one) => one.since ?? "",
      cell: (one) => (one.since ? <time dateTime={one.since}>{dateTime(one.since)}</time> : t("no")),
    },
    { title: "contacts.user-sees", cell: (one) => <Foreign text={sightText(one["user-sees"])} /> },
    { title: "contacts.contact-sees", cell: (one) => <Foreign text={sightText(one["contact-sees"])} /> },
    {
      title: "column.actions",
      cell: (one) => (
        <div class="actions">
          <a class="button" href={pathOf(pairPattern, one as unknown as Record<string, string>)} aria-label={t("contacts.rules-of", { user: one.user, contact: one.contact })}>
            {t("contacts.rules")}
          </a>
          {isAdministrator.value && (
            <Button kind="quiet" icon="remove" label={t("contacts.remove-of", { user: one.user, contact: one.contact })} onClick={() => void remove(one, then)} />
          )}
        </div>
      ),
    },
  ];
  return (
    <Table
      caption={t("contacts.title")}
      columns={columns}
      rows={rows}
      rowKey={(one) => `${one.user} ${one.contact}`}
      empty={t("contacts.none")}
    />
  );
}

async function remove(one: Contact, then: () => Promise<void>): Promise<void> {
  const done = await askAndDo({
    title: t("contacts.remove-title"),
    body: (
      <p>
        <Foreign text={t("contacts.remove-text", { user: one.user, contact: one.contact })} />
      </p>
    ),
    submit: t("contacts.remove"),
    done: t("contacts.removed"),
    act: () => removeContact(one),
  });
  if (done) await then();
}

function BlockTable({ rows, then }: { rows: Block[]; then: () => Promise<void> }) {
  const columns: Column<Block>[] = [
    { title: "contacts.user", by: (one) => one.user, cell: (one) => <Foreign text={one.user} /> },
    { title: "blocks.address", by: (one) => one.blocked, cell: (one) => <Foreign text={one.blocked} /> },
    { title: "stream.since", by: (one) => one.since, cell: (one) => dateTime(one.since) },
  ];
  const lift = async (one: Block) => {
    const act = () => unblock(one.user, one.blocked);
    if (await doNow({ title: t("blocks.lift"), done: t("blocks.lifted"), act })) await then();
  };
  if (isAdministrator.value)
    columns.push({
      title: "column.actions",
      cell: (one) => <Button onClick={() => void lift(one)}>{t("blocks.lift")}</Button>,
    });
  return (
    <Table
      caption={t("blocks.title")}
      columns={columns}
      rows={rows}
      rowKey={(one) => `${one.user} ${one.blocked}`}
      empty={t("blocks.none")}
    />
  );
}

function NewBlock(props: { user: string; address?: string; onClose: () => void; then: () => Promise<void> }) {
  const [user, setUser] = useState(props.user);
  const [address, setAddress] = useState(props.address ?? "");
  const refusals = useRefusals(["user", "address"]);
  const submit = async () => {
    if (!user.trim()) return refusals.refuse("user", t("field.missing"));
    if (!address.trim()) return refusals.refuse("address", t("field.missing"));
    if (!(await refusals.send(() => block(user.trim(), address.trim())))) return;
    say(t("blocks.done"));
    props.onClose();
    await props.then();
  };
  const input = { autocapitalize: "none", autocomplete: "off" } as const;
  return (
    <FormDialog title={t("contacts.block")} submit={t("contacts.block")} refusals={refusals} onSubmit={() => void submit()} onClose={props.onClose}>
      <TextField name="user" label={t("contacts.user")} required refusal={refusals.at("user")} value={user} onChange={setUser} input={input} />
      <TextField name="address" label={t("blocks.address")} help={t("blocks.address-help")} required refusal={refusals.at("address")} value={address} onChange={setAddress} input={input} />
    </FormDialog>
  );
}

/* What the rules say about one pair. */
function PairPage({ user, contact }: { user: string; contact: string }) {
  const pair = useLoad(`pair ${user} ${contact}`, () => getPair(user, contact), ["partners", "settings"]);
  const turn = async (one: Pair) => {
    try {
      await (one.blocked ? unblock(user, contact) : block(user, contact));
      say(one.blocked ? t("blocks.lifted") : t("blocks.done"));
      await pair.reload();
    } catch (thrown) {
      say(asProblem(thrown).sentence);
    }
  };
  return (
    <Page
      title={`${user} – ${contact}`}
      heading={<Foreign text={`${user} – ${contact}`} />}
      above={<a href="/contacts">{t("contacts.title")}</a>}
      actions={
        pair.data &&
        isAdministrator.value && (
          <Button onClick={() => void turn(pair.data!)}>
            {pair.data.blocked ? t("blocks.lift") : t("contacts.block")}
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
    { title: "rules.rule", cell: ([, one]) => <Foreign text={one.rule} /> },
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

export const contactPages: PageRow[] = [
  { path: "/contacts", page: ContactsPage, nav: { group: "nav.federation", title: "contacts.title" } },
  { path: pairPattern, page: PairPage },
];
