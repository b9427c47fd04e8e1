/* Server-sent events: that something has changed, not what; whoever shows it reads it anew.  While
 * the connection is away the browser tries again by itself, and `connected` says so; after it comes
 * back everybody reads everything anew, since nobody knows what was missed.
 *
 * A window that nobody sees, or that one may go back to, lets its connection go: a browser opens six
 * to a server and no more, for all its windows together. */
import { signal } from "@preact/signals";
import { ROOT } from "./client";
import { routes } from "./routes";
import { resume } from "./session";

export const connected = signal(true);

/* "partners": a partner, an access rule, a block; "streams": what the edges have; "all" after a
 * gap. */
export const topics = ["partners", "settings", "streams"] as const;
export type Topic = (typeof topics)[number];
export type Listener = (topic: Topic | "all") => void;

const AGAIN_MS = 5000;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let wanted = false;
let missed = false; /* what happened while nobody listened */
let again: ReturnType<typeof setTimeout> | undefined;

function tellAll(topic: Topic | "all"): void {
  for (const listener of [...listeners]) listener(topic);
}

function onOpen(): void {
  if (missed || !connected.value) tellAll("all");
  missed = false;
  connected.value = true;
}

/* The browser tries again unless it was refused: then the session may be over, which asking who one
 * is brings to light. */
function onError(): void {
  connected.value = false;
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  resume().catch(() => undefined);
  clearTimeout(again);
  again = setTimeout(connect, AGAIN_MS);
}

function connect(): void {
  if (source || !wanted || document.hidden) return;
  source = new EventSource(ROOT + routes.events.path);
  source.onopen = onOpen;
  source.onerror = onError;
  for (const topic of topics) source.addEventListener(topic, () => tellAll(topic));
}

function disconnect(): void {
  if (source) missed = true;
  clearTimeout(again);
  source?.close();
  source = null;
}

export function startEvents(): void {
  wanted = true;
  connect();
}

export function stopEvents(): void {
  wanted = false;
  disconnect();
  connected.value = true;
}

/* Once. */
export function watchWindow(): void {
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
}

/* Returns how to stop. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
