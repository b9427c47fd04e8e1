/* The table of partners.  A row is drawn again only when its partner or its streams changed (that
 * is how @preact/signals treats components that read signals).  On a narrow window each row is a
 * card; the roles say that it is a table still. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { isAdministrator } from "../../api/session-state";
import type { Partner, PartnerState } from "../../api/types";
import { number } from "../../base/format";
import { served, t, type Key } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { go } from "../../base/route";
import { told } from "../../base/told";
import { Button, ButtonLink } from "../../kit/button";
import { useGrowing } from "../../kit/grow";
import { Icon } from "../../kit/icon";
import { Domain, Foreign, Tag } from "../../kit/text";
import { Time } from "../../kit/time";
import type { States } from "./live";
import { editPath, showPath, testPath } from "./paths";
import { isLive, type Column, type Order } from "./search";
import { startTestOf } from "./test";

type Told = Omit<PartnerState, "partner">;

const NOTHING: Told = { inbound: 0, outbound: 0, pending: 0, methods: [], failure: null };

interface Head {
  title: Key;
  sort?: Column;
  cell: string;
}
const heads: Head[] = [
  { title: "partner.domain", sort: "domain", cell: "c-domain" },
  { title: "partner.additional", sort: "additional", cell: "c-additional" },
  { title: "partner.type", sort: "type", cell: "c-type" },
  { title: "partner.tls-short", sort: "tls", cell: "c-rule" },
  { title: "partner.sasl-short", sort: "sasl", cell: "c-rule" },
  { title: "partner.dialback-short", sort: "dialback", cell: "c-dialback" },
  { title: "partners.streams", sort: "streams", cell: "c-streams" },
  { title: "partners.failure", sort: "failure", cell: "c-failure" },
  { title: "partners.actions", cell: "c-actions" },
];

export function PartnerTable(props: {
  partners: Partner[];
  states: States | null;
  order: Order;
  onOrder: (order: Order) => void;
  growKey: string;
  onRemove: (partner: Partner) => void;
}) {
  const n = useGrowing(props.partners.length, props.growKey);
  const remove = useRef(props.onRemove);
  remove.current = props.onRemove;
  const onRemove = useRef((partner: Partner) => remove.current(partner)).current;
  return (
    <table class="partners" role="table" aria-rowcount={props.partners.length + 1}>
      <caption class="unseen">{t("partners.title")}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {heads.map((head) => (
            <HeadCell key={head.title} head={head} order={props.order} onOrder={props.onOrder} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.partners.slice(0, n).map((partner) => (
          <Row
            key={partner.domain}
            partner={partner}
            state={props.states && (props.states.get(partner.domain) ?? NOTHING)}
            onRemove={onRemove}
          />
        ))}
      </tbody>
    </table>
  );
}

function HeadCell({ head, order, onOrder }: { head: Head; order: Order; onOrder: (o: Order) => void }) {
  const { sort } = head;
  if (!sort)
    return (
      <th role="columnheader" scope="col" class={head.cell}>
        {t(head.title)}
      </th>
    );
  const mine = order.by === sort;
  const direction = order.descending ? "descending" : "ascending";
  return (
    <th role="columnheader" scope="col" class={head.cell} aria-sort={mine ? direction : undefined}>
      <button
        type="button"
        class="sort"
        onClick={() => onOrder({ by: sort, descending: mine ? !order.descending : isLive({ by: sort }) })}
      >
        {t(head.title)}
        {mine && <Icon name={order.descending ? "down" : "up"} />}
      </button>
    </th>
  );
}

/* A thousand rows of many components each would be slow to come and go: a row is one component, and
 * what is in its cells are functions. */
function Row(props: {
  partner: Partner;
  state: Told | null; /* not known */
  onRemove: (p: Partner) => void;
}) {
  const { partner, state } = props;
  const { domain } = partner;
  const name = revealed(partner["domain-unicode"]);
  return (
    <tr
      role="row"
      data-domain={domain}
      class={partner.enabled ? "" : "off"}
      onDblClick={() => void go(isAdministrator.peek() ? editPath(domain) : showPath(domain))}
    >
      <th role="rowheader" scope="row" class="c-domain">
        <a href={showPath(domain)}>
          {Domain({ ascii: domain, unicode: partner["domain-unicode"] })}
        </a>
        {!partner.enabled && <Tag>{t("partners.off")}</Tag>}
        {partner.description && (
          <small class="description">{Foreign({ text: partner.description })}</small>
        )}
      </th>
      {cell(
        partner.additional.length ? "c-additional" : "c-additional blank",
        "partner.additional",
        additional(partner["additional-unicode"]),
      )}
      {cell("c-type", "partner.type", t(`type.${partner.type}`))}
      {cell("c-rule", "partner.tls-short", t(`requirement.${partner.tls}`))}
      {cell("c-rule", "partner.sasl-short", t(`requirement.${partner.sasl}`))}
      {cell("c-dialback", "partner.dialback-short", partner.dialback ? t("yes") : t("no"))}
      {cell("c-streams", "partners.streams", streams(state))}
      {cell(
        state?.failure ? "c-failure" : "c-failure blank",
        "partners.failure",
        failureText(state?.failure),
      )}
      <td role="cell" class="c-actions">
        {isAdministrator.value &&
          ButtonLink({
            kind: "quiet", icon: "edit", href: editPath(domain), label: t("partners.edit-of", { name }),
          })}
        {isAdministrator.value &&
          Button({
            kind: "quiet",
            icon: "test",
            label: t("partners.test-of", { name }),
            onClick: () => {
              startTestOf(domain);
              void go(testPath(domain));
            },
          })}
        {ButtonLink({
          kind: "quiet",
          icon: "diagnose",
          href: showPath(domain),
          label: t("partners.diagnose-of", { name }),
        })}
        {isAdministrator.value &&
          Button({
            kind: "quiet",
            icon: "remove",
            label: t("partners.remove-of", { name }),
            onClick: () => props.onRemove(partner),
          })}
      </td>
    </tr>
  );
}

function cell(kind: string, title: Key, children: ComponentChildren) {
  return (
    <td role="cell" class={kind}>
      <span class="card-label" aria-hidden="true">
        {t(title)}
      </span>
      {children}
    </td>
  );
}

const SHOWN = 2;

function additional(names: string[]) {
  if (names.length === 0) return <span class="none">–</span>;
  return (
    <span>
      {names.slice(0, SHOWN).map((name) => (
        <span key={name} class="name">
          {Foreign({ text: name })}
        </span>
      ))}
      {names.length > SHOWN && (
        <small title={revealed(names.slice(SHOWN).join(" "))}>
          {t("partners.more-domains", { n: names.length - SHOWN })}
        </small>
      )}
    </span>
  );
}

function streams(state: Told | null) {
  if (!state) return <span class="none">…</span>;
  const look = state.inbound + state.outbound > 0 ? "up" : state.pending > 0 ? "pending" : "down";
  return (
    <span class={`streams ${look}`}>
      <span class="dot" aria-hidden="true" />
      {look === "up" && (
        <span>
          {t("partners.in-out", { in: number(state.inbound), out: number(state.outbound) })}
          <small>{state.methods.map((method) => served(method)).join(", ")}</small>
        </span>
      )}
      {look === "pending" && t("partners.connecting")}
      {look === "down" && <span class="none">{t("partners.no-streams")}</span>}
    </span>
  );
}

function failureText(failure: Told["failure"] | undefined) {
  if (!failure) return <span class="none">–</span>;
  const text = failure.sentence
    ? told("reason", failure.reason, failure.sentence)
    : (failure.reason ?? t(`result.${failure.result}`));
  return (
    <span class="failure" title={revealed(text)}>
      {Time({ at: failure.at, relative: true })} {Foreign({ text })}
    </span>
  );
}
