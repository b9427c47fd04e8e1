/* External access: who may use the federation. */
import { call, get, getAll, versionTag } from "./client";
import { routes } from "./routes";

export type Scope = "global" | "domain" | "user";

export interface AccessRule {
  scope: Scope;
  name: string;
  xmpp: boolean;
  version: number; /* 0: there is none yet */
}

/* `scope`: of the rule that decides; "default": none is there. */
export interface Effective {
  of: string;
  xmpp: boolean;
  scope: Scope | "default";
  name: string;
}

export type Target = { user?: string; domain?: string };

function targetOf(scope: Scope, name: string): Target {
  return scope === "user" ? { user: name } : scope === "domain" ? { domain: name } : {};
}

export async function listAccess(): Promise<AccessRule[]> {
  return (await getAll<AccessRule>(routes.access.path, "rules", 10000)).items;
}

export function effectiveAccess(target: Target): Promise<Effective> {
  return get(routes.effective.path, { query: target });
}

/* `from`: the rule as it was read. */
type From = Pick<AccessRule, "scope" | "name" | "version">;

export function setAccess(from: From, xmpp: boolean): Promise<unknown> {
  const body = { ...targetOf(from.scope, from.name), xmpp };
  return call("PUT", routes.access.path, { ifMatch: versionTag(from), body });
}

export function unsetAccess(from: From): Promise<unknown> {
  const query = targetOf(from.scope, from.name);
  return call("DELETE", routes.access.path, { ifMatch: versionTag(from), query });
}
