/* The picture of the last attempts, worked out: a column for each, oldest left; a row for each stage
 * of the way to a stream.  How far each one came, and where it stopped, is the column's height. */
import type { Attempt, StepState } from "../../api/types";

/* The stages from the bottom up; several steps of one kind (addresses) are one stage. */
export const stages = [
  ["dns", "srv"],
  ["tcp"],
  ["tls"],
  ["features", "proof"],
  ["authentication"],
  ["verdict"],
] as const;
export const stageNames = ["dns", "tcp", "tls", "features", "authentication", "verdict"] as const;

export interface Column {
  attempt: Attempt;
  cells: (StepState | null)[]; /* one a stage; null: it never came to that */
}

/* What a stage came to: its last step's state, a failure only if nothing after it went well. */
function stateOf(attempt: Attempt, kinds: readonly string[]): StepState | null {
  const mine = attempt.steps.filter((step) => kinds.includes(step.step));
  if (mine.some((step) => step.state === "ok") && !stopsAt(attempt, kinds)) return "ok";
  return mine.at(-1)?.state ?? null;
}

/* The attempt ended with a failure of this stage, the verdict aside. */
function stopsAt(attempt: Attempt, kinds: readonly string[]): boolean {
  const before = attempt.steps.filter((step) => step.step !== "verdict" && step.step !== "end");
  const last = before.at(-1);
  return last?.state === "failed" && kinds.includes(last.step);
}

export function columnsOf(attempts: Attempt[]): Column[] {
  return attempts.map((attempt) => ({
    attempt,
    cells: stages.map((kinds) => stateOf(attempt, kinds)),
  }));
}

export function isGood(attempt: Attempt): boolean {
  return attempt.result === "ready" || attempt.result === "ended";
}

export function isBad(attempt: Attempt): boolean {
  return attempt.result === "failed" || attempt.result === "refused";
}

/* The first stage that failed: where one looks for the fault. */
export function stoppedAt(column: Column): (typeof stageNames)[number] | null {
  const i = column.cells.indexOf("failed");
  return i < 0 ? null : stageNames[i]!;
}
