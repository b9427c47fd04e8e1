/* Where the reader is.  Paths are the history's own (/partners/fabrikam.test/edit), so that a page
 * can be kept, sent and gone back to.
 *
 * One exchange: somebody clicks a link; the click is taken (takeLinks), the guard of a form with
 * unsaved changes is asked, `here` changes, and App shows the page of that path.  With the browser's
 * Back it is the other way round: the browser has gone already, so we go back, ask, and go again. */
import { signal } from "@preact/signals";

/* True: it may be left. */
export type Guard = () => Promise<boolean>;

export const here = signal("/");
let guard: Guard | null = null;
let index = 0;
let silently = false; /* the next popstate is our own */

export function setGuard(next: Guard | null): void {
  guard = next;
}

async function mayLeave(): Promise<boolean> {
  if (!guard) return true;
  const may = await guard();
  if (may) guard = null;
  return may;
}

function stateIndex(): number {
  const state: unknown = history.state;
  return typeof state === "object" && state && "index" in state ? Number(state.index) || 0 : 0;
}

export async function go(path: string, how: "push" | "replace" = "push"): Promise<void> {
  if (!(await mayLeave())) return;
  if (how === "push") history.pushState({ index: ++index }, "", path);
  else history.replaceState({ index }, "", path);
  here.value = location.pathname;
}

async function onPop(): Promise<void> {
  if (silently) {
    silently = false;
    return;
  }
  const moved = stateIndex() - index;
  if (guard && moved !== 0) {
    silently = true;
    history.go(-moved);
    if (await mayLeave()) history.go(moved);
    return;
  }
  index = stateIndex();
  here.value = location.pathname;
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.hash || link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  void go(link.pathname);
}

export function startRouting(): void {
  index = stateIndex();
  history.replaceState({ index }, "");
  here.value = location.pathname;
  addEventListener("popstate", () => void onPop());
  document.addEventListener("click", onClick);
  addEventListener("beforeunload", (event) => {
    if (guard) event.preventDefault();
  });
}

/* "/partners/{domain}/edit" against a path: its arguments unescaped, or null. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.replace(/\/$/, "").split("/");
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [i, word] of wanted.entries()) {
    const part = given[i]!;
    if (word.startsWith("{")) {
      const value = unescaped(part);
      if (!value) return null;
      found[word.slice(1, -1)] = value;
    } else if (word !== part) return null;
  }
  return found;
}

function unescaped(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/* The path with its arguments filled in and escaped. */
export function pathOf(pattern: string, values: Record<string, string> = {}): string {
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}
