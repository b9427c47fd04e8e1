/* A partner while it is edited: fields as they stand in the form, what has changed, and which
 * domains a pasted text names.  Whether it may be saved the server says. */
import type { Partner, PartnerFields } from "../../api/types";

/* As typed: the limit and the keys are texts. */
export interface Draft extends Omit<PartnerFields, "connection-limit" | "pinned-keys"> {
  "connection-limit": string; /* "" inherits */
  "pinned-keys": string;
}

export const EMPTY: PartnerFields = {
  domain: "",
  description: "",
  additional: [],
  type: "PublicUnverified",
  tls: "Required",
  sasl: "Required",
  dialback: true,
  "connection-limit": 0,
  "keep-alive": true,
  "proxy-fqdn": "",
  enabled: true,
  "trust-anchor": "",
  "pinned-keys": [],
};

/* The form's order. */
export const fieldNames = Object.keys(EMPTY) as (keyof PartnerFields)[];

export function draftOf(fields: PartnerFields): Draft {
  const limit = fields["connection-limit"];
  return {
    ...pick(fields),
    "connection-limit": limit ? String(limit) : "",
    "pinned-keys": fields["pinned-keys"].join("\n"),
  };
}

function pick(fields: PartnerFields): PartnerFields {
  return Object.fromEntries(fieldNames.map((name) => [name, fields[name]])) as unknown as PartnerFields;
}

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/* null: the limit is no number. */
export function fieldsOf(draft: Draft): PartnerFields | null {
  const limit = draft["connection-limit"].trim();
  if (limit && !/^\d{1,9}$/.test(limit)) return null;
  return {
    ...draft,
    domain: draft.domain.trim(),
    "proxy-fqdn": draft["proxy-fqdn"].trim(),
    "connection-limit": Number(limit),
    "pinned-keys": words(draft["pinned-keys"]),
  };
}

/* Only what differs: somebody else's change of another field is none of ours. */
export function changesOf(from: PartnerFields, to: PartnerFields): Partial<PartnerFields> {
  const changed = fieldNames.filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]));
  return Object.fromEntries(changed.map((name) => [name, to[name]])) as Partial<PartnerFields>;
}

export function isChanged(from: Draft, to: Draft): boolean {
  return JSON.stringify(from) !== JSON.stringify(to);
}

/* The domains of a text from anywhere: apart by spaces, commas, semicolons or lines; with what
 * mail, web and XMPP put around them. */
export function domainsIn(text: string): string[] {
  return words(text.replace(/["'<>()[\]]/g, " "))
    .map((word) =>
      word
        .replace(/^(xmpp|sip|sips|https?|mailto):(\/\/)?/i, "")
        .replace(/^.*@/, "")
        .replace(/[/?#].*$/, "")
        .replace(/\.+$/, ""),
    )
    .filter(Boolean);
}

export interface Added {
  list: string[];
  added: number;
  known: number; /* were there already */
}

export function addDomains(list: string[], text: string): Added {
  const next = [...list];
  const seen = new Set(list.map((domain) => domain.toLowerCase()));
  let known = 0;
  for (const domain of domainsIn(text)) {
    if (seen.has(domain.toLowerCase())) known++;
    else {
      seen.add(domain.toLowerCase());
      next.push(domain);
    }
  }
  return { list: next, added: next.length - list.length, known };
}

/* A-label -> U-label of the domains that the server has shown us. */
export function labelsOf(partner: Partner): Map<string, string> {
  const labels = new Map([[partner.domain, partner["domain-unicode"]]]);
  for (const [i, domain] of partner.additional.entries())
    labels.set(domain, partner["additional-unicode"][i] ?? domain);
  return labels;
}

/* The fields that can be tried on a side connection before they are saved. */
const tryable = ["tls", "sasl", "dialback", "proxy-fqdn", "trust-anchor", "pinned-keys"] as const;

export function tryableOf(changes: Partial<PartnerFields>): Partial<PartnerFields> {
  return Object.fromEntries(
    tryable.filter((name) => name in changes).map((name) => [name, changes[name]]),
  ) as Partial<PartnerFields>;
}
