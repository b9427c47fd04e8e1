/* What the API gives and takes; names as in its JSON.  The routes themselves are in routes.ts, which
 * a test compares with the OpenAPI document. */
export type Requirement = "Required" | "Optional" | "NotSupported";
export const requirements: Requirement[] = ["Required", "Optional", "NotSupported"];
export type PartnerType = "Federated" | "PublicVerified" | "PublicUnverified";
export const partnerTypes: PartnerType[] = ["Federated", "PublicVerified", "PublicUnverified"];

/* The fields that an administrator sets, in the form's order. */
export interface PartnerFields {
  domain: string;
  description: string;
  additional: string[];
  type: PartnerType;
  tls: Requirement;
  sasl: Requirement;
  dialback: boolean;
  "connection-limit": number; /* 0: inherited */
  "keep-alive": boolean;
  "proxy-fqdn": string;
  enabled: boolean;
  "trust-anchor": string;
  "pinned-keys": string[];
}

export interface Partner extends PartnerFields {
  "domain-unicode": string;
  "additional-unicode": string[];
  methods: string[];
  note: string;
  version: number;
}

export interface Change<T> {
  saved: boolean;
  before: T | null;
  after: T | null;
}

export interface Negotiation {
  valid: boolean;
  methods: string[];
  note: string;
  refusal: string;
}

export type Direction = "inbound" | "outbound";

/* Of a stream, what the panel shows of it. */
export interface Stream {
  id: string;
  partner: string;
  direction: Direction;
  local: string;
  remote: string;
  bidi: boolean;
  state: string;
  method: string;
  proof: string;
  since: string;
  edge?: string;
  "peer-address"?: string;
  "stanzas-in": number;
  "stanzas-out": number;
  "queued-bytes": number;
  tls: unknown;
  certificate: unknown;
}

export type StepState = "ok" | "failed" | "skipped";

/* Facts were partly said by strangers: shown as text only. */
export interface Step {
  step: string;
  state: StepState;
  ms: number;
  facts: Record<string, unknown>;
  reason?: string;
  side?: string;
  sentence?: string;
  advice?: string;
}

export type AttemptResult = "pending" | "ready" | "failed" | "refused" | "ended";

export interface Attempt {
  id: string;
  at: string;
  direction: Direction;
  local: string;
  remote: string;
  result: AttemptResult;
  method: string;
  reason?: string;
  side?: string;
  sentence?: string;
  advice?: string;
  edge?: string;
  steps: Step[];
}

/* What a partner's streams do at this moment, on all edges together. */
export interface PartnerState {
  partner: string;
  inbound: number;
  outbound: number;
  pending: number; /* not authenticated yet */
  methods: string[];
  failure: Pick<Attempt, "at" | "result" | "reason" | "sentence"> | null; /* the last one */
}

export interface PartnerTest {
  passed: boolean;
  attempt: Attempt;
  inbound?: { passed: boolean; steps: Step[] };
  edge?: string;
}

export type TestNews = { step?: Step; "inbound-step"?: Step };

export type Role = "administrator" | "viewer";

export interface Session {
  account: string;
  role: Role;
  csrf: string;
  mustChange: boolean; /* the password, before anything else */
  isDirectory: boolean; /* whose password is not kept here */
}
