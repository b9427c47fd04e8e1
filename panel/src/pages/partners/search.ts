/* Which partners are listed, and in which order. */
import type { Partner } from "../../api/types";
import type { States } from "./live";

export const columns = [
  "domain", "additional", "type", "tls", "sasl", "dialback", "streams", "failure",
] as const;
export type Column = (typeof columns)[number];
export interface Order {
  by: Column;
  descending: boolean;
}

/* By what changes of itself; then one looks for the most first. */
export function isLive(order: Pick<Order, "by">): boolean {
  return order.by === "streams" || order.by === "failure";
}

/* A domain of the partner ends so, in A- or U-labels: "contoso.com" finds it.contoso.com. */
export function endsSo(partner: Partner, suffix: string): boolean {
  const wanted = suffix.trim().toLowerCase();
  if (!wanted) return true;
  const domains = [
    partner.domain,
    partner["domain-unicode"],
    ...partner.additional,
    ...partner["additional-unicode"],
  ];
  return domains.some((domain) => domain.toLowerCase().endsWith(wanted));
}

/* Weakest first, as one reads it from left to right in product's tables. */
const ranks: Record<string, number> = {
  Federated: 0, PublicVerified: 1, PublicUnverified: 2, Required: 0, Optional: 1, NotSupported: 2,
};

function keyOf(partner: Partner, by: Column, states: States | null): number {
  switch (by) {
    case "domain":
      return 0;
    case "type":
    case "tls":
    case "sasl":
      return ranks[partner[by]] ?? 0;
    case "dialback":
      return partner.dialback ? 0 : 1;
    case "additional":
      return partner.additional.length;
    case "streams": {
      const now = states?.get(partner.domain);
      return now ? now.inbound + now.outbound : 0;
    }
    case "failure":
      return Date.parse(states?.get(partner.domain)?.failure?.at ?? "") || 0;
  }
}

const collator = new Intl.Collator("en", { numeric: true });

export function sorted(partners: Partner[], order: Order, states: States | null): Partner[] {
  const sign = order.descending ? -1 : 1;
  return [...partners].sort(
    (a, b) =>
      sign * (keyOf(a, order.by, states) - keyOf(b, order.by, states)) ||
      (order.by === "domain" ? sign : 1) *
        collator.compare(a["domain-unicode"], b["domain-unicode"]),
  );
}

/* Those that did not change are the old objects, whose rows need not be drawn again. */
export function keepSame(old: Partner[], next: Partner[]): Partner[] {
  const before = new Map(old.map((partner) => [partner.domain, partner]));
  return next.map((partner) => {
    const same = before.get(partner.domain);
    return same?.version === partner.version ? same : partner;
  });
}
