/* Accounts of the panel, who is signed in, and tokens for scripts.  Passwords and tokens that the
 * server makes are told once, in the answer that made them. */
import { pathOf } from "../base/route";
import { call, getAll, versionTag } from "./client";
import { routes } from "./routes";
import type { Role } from "./types";

export const roles: Role[] = ["viewer", "administrator"];

export interface Account {
  name: string;
  role: Role;
  enabled: boolean;
  "must-change-password": boolean;
  since: string;
  "password-changed": string;
  version: number;
}

export interface Token {
  id: number;
  name: string;
  role: Role;
  since: string;
  expires: string | null;
  used: string | null;
  expired: boolean;
}

export interface SignedIn {
  id: string;
  account: string;
  directory: boolean; /* the account is of the directory */
  address: string;
  since: string;
  seen: string; /* last */
}

type Password = { password: string } | { generate: true };

export async function listAccounts(): Promise<Account[]> {
  return (await getAll<Account>(routes.accounts.path, "accounts", 10000)).items;
}

/* The password that was generated, or nothing. */
export function addAccount(name: string, role: Role, how: Password): Promise<{ password?: string }> {
  return call("POST", routes.accounts.path, { body: { name, role, ...how } });
}

function accountPath(one: Account): string {
  return pathOf(routes.account.path, { name: one.name });
}

export function changeAccount(
  one: Account,
  changes: Partial<Pick<Account, "role" | "enabled">>,
): Promise<unknown> {
  return call("PATCH", accountPath(one), { ifMatch: versionTag(one), body: changes });
}

export function removeAccount(one: Account): Promise<unknown> {
  return call("DELETE", accountPath(one), { ifMatch: versionTag(one) });
}

export function givePassword(one: Account, how: Password): Promise<{ password?: string }> {
  const path = pathOf(routes.password.path, { name: one.name });
  return call("PUT", path, { ifMatch: versionTag(one), body: how });
}

export async function listTokens(): Promise<Token[]> {
  return (await getAll<Token>(routes.tokens.path, "tokens", 10000)).items;
}

export function addToken(name: string, role: Role, days: number): Promise<{ token?: string }> {
  return call("POST", routes.tokens.path, { body: { name, role, days } });
}

export function removeToken(one: Token): Promise<unknown> {
  return call("DELETE", pathOf(routes.token.path, { id: String(one.id) }));
}

/* Of all accounts unless one is named; a viewer sees his own only. */
export async function listSessions(account = ""): Promise<SignedIn[]> {
  return (await getAll<SignedIn>(routes.sessions.path, "sessions", 10000, { account })).items;
}

export function endSessions(account: string): Promise<unknown> {
  return call("DELETE", routes.sessions.path, { query: { account } });
}
