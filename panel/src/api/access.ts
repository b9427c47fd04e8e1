/* External access: who may use the federation. */
import { call, get, getAll } from "./client";
import { routes } from "./routes";

export type Scope = "global" | "domain" | "user";

export interface AccessRule {
  scope: Scope;
  name: string;
  xmpp: boolean;
}

/* `scope`: of the rule that decides; "default": none is there. */
export interface Effective {
  of: string;
  xmpp: boolean;
  scope: Scope | "default";
  name: string;
}

export type Target = { user?: string; domain?: string };

export function targetOf(scope: Scope, name: string): Target {
  return scope === "user" ? { user: name } : scope === "domain" ? { domain: name } : {};
}

export async function listAccess(): Promise<AccessRule[]> {
  return (await getAll<AccessRule>(routes.access.path, "rules", 10000)).items;
}

export function effectiveAccess(target: Target): Promise<Effective> {
  return get(routes.effective.path, { query: target });
}

export function setAccess(target: Target, xmpp: boolean): Promise<unknown> {
  return call("PUT", routes.access.path, { body: { ...target, xmpp } });
}

export function unsetAccess(target: Target): Promise<unknown> {
  return call("DELETE", routes.access.path, { query: target });
}
