/* How everything is, and how it was in the last hours. */
import { call, get } from "./client";
import { routes } from "./routes";

export type State = "ok" | "warning" | "failed";

export interface Component {
  kind: string;
  name: string;
  up: boolean;
  version: string | null;
  since: string | null;
  reason: string | null;
}

export interface Certificate {
  file: string;
  edge: string;
  covers: string[];
  "not-after": string;
  "days-left": number;
  issuer: string;
  warnings: string[];
}

export interface Health {
  at: string;
  state: State;
  sentences: { state: State; component: string; sentence: string }[];
  components: Component[];
  certificates: Certificate[];
  uncovered: string[];
  queues: { gateway: Record<string, number> | null; edges: { edge: string; queues: Record<string, number> | null }[] };
  counters: { gateway: unknown; edges: { edge: string; counters: unknown }[] };
}

/* null: a gap. */
export type Sample = { at: string; state: State } & Record<string, number | string | null>;

export interface Samples {
  "interval-s": number;
  samples: Sample[];
}

export function getHealth(): Promise<Health> {
  return get(routes.health.path);
}

/* The panel's own path, not one of the commands'. */
export function getSamples(hours: number): Promise<Samples> {
  return get("/health/samples", { query: { hours } });
}

export interface Reloaded {
  file: string;
  edge: string;
  result: string; /* "loaded", "unchanged", "refused" */
  sentence: string;
}

export function reloadCertificates(): Promise<{ reloaded: Reloaded[]; silent: string[] }> {
  return call("POST", routes.reload.path, { body: {} });
}
