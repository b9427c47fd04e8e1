/* What is known of partners at this moment: their streams, all in one request; and their last
 * failure, asked for one by one as rows come into view, since no request tells it of all. */
import { type Signal, signal } from "@preact/signals";
import { listAttempts } from "../../api/partners";
import type { Attempt, Stream } from "../../api/types";

export interface Live {
  inbound: number;
  outbound: number;
  pending: number; /* not authenticated yet */
  methods: string[];
}

const NOTHING: Live = { inbound: 0, outbound: 0, pending: 0, methods: [] };

/* By primary domain. */
export function liveOf(streams: Stream[]): Map<string, Live> {
  const all = new Map<string, Live>();
  for (const stream of streams) {
    const live = all.get(stream.partner) ?? { ...NOTHING, methods: [] };
    if (stream.state === "ready") {
      live[stream.direction]++;
      if (!live.methods.includes(stream.method)) live.methods.push(stream.method);
    } else live.pending++;
    all.set(stream.partner, live);
  }
  return all;
}

export function same(a: Live | undefined, b: Live | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/* The old ones where nothing changed: rows that show the same are not drawn again. */
export function keepSame(old: Map<string, Live>, next: Map<string, Live>): Map<string, Live> {
  for (const [domain, live] of next) {
    const before = old.get(domain);
    if (before && same(before, live)) next.set(domain, before);
  }
  return next;
}

export function lastFailure(attempts: Attempt[]): Attempt | null {
  const failed = attempts.filter((one) => one.result === "failed" || one.result === "refused");
  return failed.at(-1) ?? null; /* the newest is the last */
}

/* --- last failures ---------------------------------------------------------------------------- */

/* undefined: not known yet; null: none. */
export type Failure = Attempt | null | undefined;

const failures = new Map<string, Signal<Failure>>();
const askedAt = new Map<string, number>();
const inView = new Set<string>();
const PAUSE_MS = 100; /* between two requests: the page's others come first */
const OLD_MS = 10000; /* then it is worth asking again */
const LOOKED_AT = 20; /* attempts */
let timer: ReturnType<typeof setTimeout> | undefined;

export function failureOf(domain: string): Signal<Failure> {
  let known = failures.get(domain);
  if (!known) failures.set(domain, (known = signal<Failure>(undefined)));
  return known;
}

/* A row came into view, or left it. */
export function setInView(domain: string, is: boolean): void {
  if (is) inView.add(domain);
  else inView.delete(domain);
  wake();
}

/* All may have changed; what was known is shown until it is asked for anew. */
export function forgetFailures(now = Date.now()): void {
  for (const [domain, at] of askedAt) if (now - at > OLD_MS) askedAt.delete(domain);
  wake();
}

function wake(): void {
  timer ??= setTimeout(() => void askNext(), PAUSE_MS);
}

async function askNext(): Promise<void> {
  const domain = [...inView].find((one) => !askedAt.has(one));
  if (domain !== undefined) {
    askedAt.set(domain, Date.now());
    try {
      failureOf(domain).value = lastFailure(await listAttempts(domain, LOOKED_AT));
    } catch {
      /* no gateway runs: the page says so, since its streams are not known either */
    }
  }
  timer = undefined;
  if (domain !== undefined) wake();
}
