/* Partners, and what is known of them while the program runs. */
import { pathOf } from "../base/route";
import { call, follow, get, getAll, versionTag } from "./client";
import { fromEdges, type FromEdges } from "./edges";
import { routes } from "./routes";
import type {
  Attempt, Change, Negotiation, Partner, PartnerFields, PartnerState, PartnerTest, Stream, TestNews,
} from "./types";

/* More than that are searched for by the server. */
const MAX_LOADED = 5000;

export function listPartners(match = ""): Promise<{ items: Partner[]; next: string | null }> {
  return getAll<Partner>(routes.partners.path, "partners", MAX_LOADED, { match });
}

function partnerPath(domain: string): string {
  return pathOf(routes.partner.path, { domain });
}

export function getPartner(domain: string): Promise<Partner> {
  return get<Partner>(partnerPath(domain));
}

export async function addPartner(fields: PartnerFields): Promise<Partner> {
  const change = await call<Change<Partner>>("POST", routes.partners.path, { body: fields });
  return change.after!;
}

/* `from`: as it was read; 412 when it is another by now. */
export async function changePartner(
  from: Partner,
  changes: Partial<PartnerFields>,
): Promise<Partner> {
  const options = { ifMatch: versionTag(from), body: changes };
  return (await call<Change<Partner>>("PATCH", partnerPath(from.domain), options)).after!;
}

export async function removePartner(from: Partner): Promise<void> {
  await call("DELETE", partnerPath(from.domain), { ifMatch: versionTag(from) });
}

export function previewNegotiation(
  rules: Pick<PartnerFields, "tls" | "sasl" | "dialback">,
  signal?: AbortSignal,
): Promise<Negotiation> {
  const { tls, sasl, dialback } = rules;
  return get(routes.negotiation.path, { query: { tls, sasl, dialback }, ...(signal && { signal }) });
}

export async function listStreams(partner = ""): Promise<FromEdges<Stream>> {
  return fromEdges(await getAll<Stream>(routes.streams.path, "streams", 10000, { partner }));
}

/* Of partners of whom there is something to tell. */
export async function listStates(): Promise<FromEdges<PartnerState>> {
  return fromEdges(await getAll<PartnerState>(routes.states.path, "states", 100000));
}

export async function listAttempts(domain: string): Promise<Attempt[]> {
  const path = pathOf(routes.attempts.path, { domain });
  return (await get<{ attempts: Attempt[] }>(path)).attempts;
}

/* In all of a partner's domains. */
export async function countContacts(domains: string[]): Promise<number> {
  let n = 0;
  for (const partner of domains)
    n += (await getAll(routes.contacts.path, "contacts", 10000, { partner })).items.length;
  return n;
}

export function testPartner(
  domain: string,
  fields: Partial<PartnerFields>,
  tell: (news: TestNews) => void,
  signal?: AbortSignal,
): Promise<PartnerTest> {
  const body = Object.keys(fields).length ? { with: fields } : {};
  return follow<TestNews, PartnerTest>(pathOf(routes.test.path, { domain }), body, tell, signal);
}
