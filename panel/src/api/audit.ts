/* The audit trail: who changed what, and bringing back what was. */
import { pathOf } from "../base/route";
import { call, get, versionTag } from "./client";
import { routes } from "./routes";

export interface Entry {
  id: number;
  at: string;
  who: string;
  action: string;
  object: string;
  fields: string[];
}

export interface FieldChange {
  field: string;
  before: unknown; /* null: it was not there */
  after: unknown;
}

export interface Revision extends Omit<Entry, "fields"> {
  changes: FieldChange[];
  restorable: boolean;
}

export interface Restored {
  saved: boolean;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export type AuditFilter = Partial<Record<"object" | "who" | "action", string>>;

export function listAudit(
  filter: AuditFilter,
  cursor: string | null,
): Promise<{ audit: Entry[]; next: string | null }> {
  const query = { ...filter, limit: 100, cursor: cursor ?? undefined };
  return get(routes.audit.path, { query });
}

export function getRevision(id: string): Promise<Revision> {
  return get(pathOf(routes.revision.path, { id }));
}

/* What restoring would do. */
export function tryRestore(id: string): Promise<Restored> {
  return call("POST", pathOf(routes.restore.path, { id }), { query: { dry_run: true }, body: {} });
}

/* Does it, unless there is another version by now than the one that `seen` would change. */
export function restore(id: string, seen: Restored): Promise<Restored> {
  const version = seen.before?.["version"];
  const ifMatch = typeof version === "number" ? versionTag({ version }) : "*";
  return call("POST", pathOf(routes.restore.path, { id }), { ifMatch, body: {} });
}
