/* A refusal, as RFC 9457 tells it.  `field` is the argument to change ("sasl"), from the JSON
 * pointer. */
import { t } from "../base/i18n";

export interface Conflict {
  who: string;
  at: string;
}

export class Problem extends Error {
  constructor(
    readonly status: number, /* 0: nobody answered */
    readonly sentence: string,
    readonly field: string = "",
    readonly conflict: Conflict | null = null,
    readonly retryAfterS: number = 0,
  ) {
    super(sentence);
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function conflictOf(value: unknown): Conflict | null {
  if (typeof value !== "object" || !value || !("who" in value)) return null;
  return { who: text(value.who), at: "at" in value ? text(value.at) : "" };
}

/* "/additional/2" is the field "additional". */
export function fieldOf(pointer: string): string {
  const first = pointer.split("/")[1] ?? "";
  return first.replace(/~1/g, "/").replace(/~0/g, "~");
}

export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const told = (typeof body === "object" && body ? body : {}) as Record<string, unknown>;
  const seconds = Number(retryAfter ?? "");
  return new Problem(
    status,
    text(told["detail"]) || text(told["title"]) || t("problem.status", { status: String(status) }),
    fieldOf(text(told["field"])),
    conflictOf(told["conflict"]),
    Number.isFinite(seconds) && seconds > 0 ? seconds : 0,
  );
}

/* Any thrown thing as a problem: what is none is a fault of the network or of ours. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) return new Problem(0, t("problem.network"));
  return new Problem(0, thrown instanceof Error ? thrown.message : String(thrown));
}
