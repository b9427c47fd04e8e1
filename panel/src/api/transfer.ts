/* Everything as one document, out and in. */
import { call, get, versionTag } from "./client";
import { routes } from "./routes";

export type Result = "new" | "changed" | "same" | "removed" | "refused";

export interface ImportRow {
  kind: string;
  name: string;
  result: Result;
  sentence: string; /* why it was refused */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  streams?: number; /* live ones that it concerns; not there: none, or nobody could tell */
}

export interface Imported {
  saved: boolean;
  rows: ImportRow[];
  counts: Record<Result, number>;
  format?: string;
  version: number; /* of all that can be imported, when this was told */
}

export type Source = "causeway" | "lync";

export function exportAll(): Promise<unknown> {
  return get(routes.export.path);
}

/* Only what would be; or, when it was `seen`, just that: nothing when something has changed since. */
export function importDocument(
  source: Source,
  document: string,
  options: { replace: boolean; partial: boolean; seen: Imported | null },
): Promise<Imported> {
  const mode = source === "causeway" && { mode: options.replace ? "replace" : "merge" };
  return call("POST", source === "lync" ? routes.importLync.path : routes.import.path, {
    query: { dry_run: options.seen ? undefined : true },
    ...(options.seen && { ifMatch: versionTag(options.seen) }),
    body: { document, partial: options.partial, ...mode },
  });
}

/* A file's bytes as text, as its byte order mark says: PowerShell writes UTF-16.  null: they are
 * none, and nothing of them is guessed. */
export function textOfFile(bytes: Uint8Array): string | null {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(utf16, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
