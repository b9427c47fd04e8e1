/* Requests to the API: JSON there and back, problems as exceptions (problem.ts), the session's CSRF
 * token on what changes things.
 *
 * Each resource says its version, which is its entity tag, too; a change says which version it was
 * made from (If-Match: versionTag), so that it does not undo somebody else's: the answer to an old
 * one is 412. */
import { ndjson } from "./ndjson";
import { Problem, problemOf } from "./problem";
import { session } from "./session-state";

export const ROOT = "/api/v1";

export interface Options {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  ifMatch?: string;
  signal?: AbortSignal;
  accept?: string;
}

export function versionTag(resource: { version: number }): string {
  return `"${resource.version}"`;
}

export function urlOf(path: string, query: Options["query"] = {}): string {
  const words = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return ROOT + path + (words.length ? `?${words.join("&")}` : "");
}

function headersOf(method: string, options: Options): Record<string, string> {
  const headers: Record<string, string> = { Accept: options.accept ?? "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.ifMatch) headers["If-Match"] = options.ifMatch;
  if (method !== "GET" && session.peek()) headers["X-CSRF-Token"] = session.peek()!.csrf;
  return headers;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  return fetch(urlOf(path, options.query), {
    method,
    headers: headersOf(method, options),
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    ...(options.signal && { signal: options.signal }),
  });
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

async function refuse(response: Response): Promise<never> {
  const problem = problemOf(
    response.status,
    await bodyOf(response),
    response.headers.get("Retry-After"),
  );
  if (problem.status === 401) session.value = null; /* signed out meanwhile */
  throw problem;
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (!response.ok) return refuse(response);
  return (await bodyOf(response)) as T;
}

export function get<T>(path: string, options?: Options): Promise<T> {
  return call<T>("GET", path, options);
}

/* A list of several parts, up to `max` items; `next` is the rest's cursor, or null. */
export async function getAll<T>(
  path: string,
  member: string,
  max: number,
  query: Options["query"] = {},
): Promise<{ items: T[]; next: string | null; answer: Record<string, unknown> }> {
  const items: T[] = [];
  let next: string | null = null;
  let answer: Record<string, unknown>;
  do {
    answer = await get(path, { query: { ...query, limit: 1000, cursor: next ?? undefined } });
    items.push(...((answer[member] as T[] | undefined) ?? []));
    next = typeof answer["next"] === "string" ? answer["next"] : null;
  } while (next && items.length < max);
  return { items, next, answer };
}

type Line = { progress?: unknown; answer?: unknown; problem?: { status?: number } };

/* A command with news: each is told, the answer is returned. */
export async function follow<N, T>(
  path: string,
  body: unknown,
  tell: (news: N) => void,
  signal?: AbortSignal,
): Promise<T> {
  const accept = "application/x-ndjson";
  const response = await send("POST", path, { body, accept, ...(signal && { signal }) });
  if (!response.ok) return refuse(response);
  if (!response.headers.get("Content-Type")?.startsWith(accept))
    return (await bodyOf(response)) as T;
  for await (const line of ndjson<Line>(response.body!)) {
    if (line.progress) tell(line.progress as N);
    if (line.problem) throw problemOf(line.problem.status ?? 500, line.problem);
    if (line.answer) return line.answer as T;
  }
  throw new Problem(0, "");
}
