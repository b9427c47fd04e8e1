/* Contacts: whom users have invited and who sees whom.  Users make contacts; here they are looked at
 * and taken back. */
import { useState } from "preact/hooks";
import { listBlocks, listContacts, removeContact, type Contact, type Filter } from "../../api/contacts";
import { isAdministrator } from "../../api/session-state";
import { t } from "../../base/i18n";
import { pathOf } from "../../base/route";
import { askAndDo } from "../../kit/act";
import { Button, ButtonLink } from "../../kit/button";
import { Filters } from "../../kit/filters";
import { Loading, useLoad } from "../../kit/load";
import { Notice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";
import type { PageRow } from "../registry";
import { BlockTable, NewBlock } from "./blocks";
import { PairPage } from "./pair";
import { pairPattern, sightText } from "./words";

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
  const refusedAt = (field: string) =>
    contacts.problem?.field === field ? contacts.problem.sentence : undefined;
  return (
    <Page
      title={t("contacts.title")}
      above={[t("nav.federation")]}
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
        fields={[
          { name: "user", label: t("contacts.user"), refusal: refusedAt("user") },
          { name: "partner", label: t("contacts.filter-partner"), refusal: refusedAt("partner") },
        ]}
        onChange={setFilter}
      />
      {!["user", "partner"].includes(contacts.problem?.field ?? "") && <Loading of={contacts} />}
      {contacts.data && (
        <>
          {contacts.data.next && <Notice kind="info">{t("contacts.more")}</Notice>}
          <ContactTable rows={contacts.data.items} then={both} />
        </>
      )}
      <section>
        <h2>{t("blocks.title")}</h2>
        <Loading of={blocks} />
        {blocks.data && <BlockTable rows={blocks.data} then={both} />}
      </section>
      {blocking && <NewBlock user={filter.user ?? ""} onClose={() => setBlocking(false)} then={both} />}
    </Page>
  );
}

function ContactTable({ rows, then }: { rows: Contact[]; then: () => Promise<void> }) {
  const columns: Column<Contact>[] = [
    {
      title: "contacts.user",
      kind: "name",
      by: (one) => one.user,
      cell: (one) => <Foreign text={one.user} />,
    },
    {
      title: "contacts.contact",
      kind: "name",
      by: (one) => one.contact,
      cell: (one) => <Foreign text={one.contact} />,
    },
    {
      title: "contacts.invited",
      by: (one) => one.since ?? "",
      cell: (one) => (one.since ? <Time at={one.since} /> : t("no")),
    },
    { title: "contacts.user-sees", cell: (one) => sightText(one["user-sees"]) },
    { title: "contacts.contact-sees", cell: (one) => sightText(one["contact-sees"]) },
    {
      title: "column.actions",
      kind: "buttons",
      cell: (one) => <ContactActions one={one} then={then} />,
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

function ContactActions({ one, then }: { one: Contact; then: () => Promise<void> }) {
  const { user, contact } = one;
  return (
    <div class="actions">
      <ButtonLink
        href={pathOf(pairPattern, { user, contact })}
        label={t("contacts.rules-of", { user, contact })}
      >
        {t("contacts.rules-short")}
      </ButtonLink>
      {isAdministrator.value && (
        <Button
          kind="quiet"
          icon="remove"
          label={t("contacts.remove-of", { user, contact })}
          onClick={() => void remove(one, then)}
        />
      )}
    </div>
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

export const contactPages: PageRow[] = [
  { path: "/contacts", page: ContactsPage, nav: { group: "nav.federation", title: "contacts.title" } },
  { path: pairPattern, page: PairPage },
];
