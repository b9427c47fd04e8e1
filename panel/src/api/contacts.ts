/* Whom users have invited, who sees whom, and whom they block. */
import { call, get, getAll } from "./client";
import { routes } from "./routes";

export interface Contact {
  user: string;
  contact: string;
  invited: boolean;
  since: string | null;
  "user-sees": unknown; /* null: does not */
  "contact-sees": unknown;
}

export interface Judged {
  answer: string;
  rule: string;
  reason: string;
}

export interface Pair extends Contact {
  partner: string | null; /* null: none has that domain */
  type: string | null;
  blocked: boolean;
  access: boolean;
  "may-write": boolean;
  rules: Record<string, Judged>;
}

export interface Block {
  user: string;
  blocked: string; /* an address, or a domain for all in it */
  since: string;
}

const MAX_SHOWN = 2000;

export type Filter = { user?: string; partner?: string };

export function listContacts(filter: Filter) {
  return getAll<Contact>(routes.contacts.path, "contacts", MAX_SHOWN, filter);
}

export function getPair(user: string, partner: string): Promise<Pair> {
  return get(routes.pair.path, { query: { user, partner } });
}

export function removeContact(one: Contact): Promise<unknown> {
  return call("DELETE", routes.contacts.path, { query: { user: one.user, partner: one.contact } });
}

export async function listBlocks(user: string): Promise<Block[]> {
  return (await getAll<Block>(routes.blocks.path, "blocks", 10000, { user })).items;
}

export function block(user: string, address: string): Promise<unknown> {
  return call("POST", routes.blocks.path, { body: { user, address } });
}

export function unblock(user: string, address: string): Promise<unknown> {
  return call("DELETE", routes.blocks.path, { query: { user, address } });
}
