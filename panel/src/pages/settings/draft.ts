/* The settings while they are edited: only what was typed is kept, so that another's change of
 * another setting stays.  Whether a value may be is for the server to say; here is only what cannot
 * even be sent. */
import type { Setting, Settings, Value } from "../../api/settings";

/* As typed, by name; lists one entry a line.  A secret's: "" keeps it, else see secretOf. */
export type Draft = Record<string, string | boolean>;

export const NEW = "new"; /* the server makes one */
export const NONE = "none"; /* it is taken away */
export const TYPED = "="; /* what comes behind it is the secret */

export function textOf(setting: Setting, value: Value | undefined): string | boolean {
  if (setting.kind === "switch") return value === true;
  if (setting.kind === "secret") return "";
  if (Array.isArray(value)) return value.join("\n");
  return String(value ?? "");
}

export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

function secretOf(typed: string): string {
  return typed === NONE ? "" : typed.startsWith(TYPED) ? typed.slice(TYPED.length) : typed;
}

/* null: it is no such value. */
function valueOf(setting: Setting, typed: string | boolean): Value | null {
  if (typeof typed === "boolean") return typed;
  if (setting.kind === "list") return linesOf(typed);
  if (setting.kind === "secret") return secretOf(typed);
  return /^\d{1,9}$/.test(typed.trim()) ? Number(typed.trim()) : null;
}

export interface Collected {
  changes: Record<string, Value>;
  faults: string[]; /* names of those that are no value */
}

export function changesOf(list: Setting[], from: Settings, draft: Draft): Collected {
  const changes: Record<string, Value> = {};
  const faults: string[] = [];
  for (const setting of list) {
    const typed = draft[setting.name];
    if (typed === undefined || typed === textOf(setting, from[setting.name])) continue;
    const value = valueOf(setting, typed);
    if (value === null) faults.push(setting.name);
    else if (JSON.stringify(value) !== JSON.stringify(from[setting.name]))
      changes[setting.name] = value;
  }
  return { changes, faults };
}

/* --- tables of states: "ACTIVITY=SHOW" a line -------------------------------------------------*/

export type Pair = [string, string];

export function pairsOf(text: string): Pair[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    });
}

export function textOfPairs(pairs: Pair[]): string {
  return pairs.map(([left, right]) => `${left}=${right}`).join("\n");
}

/* The order counts: of several the first is taken. */
export function moved<T>(list: T[], from: number, by: -1 | 1): T[] {
  const to = from + by;
  if (to < 0 || to >= list.length) return list;
  const next = [...list];
  [next[from], next[to]] = [next[to]!, next[from]!];
  return next;
}
