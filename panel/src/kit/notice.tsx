/* What is said without being asked: a line that is read out and goes after a while, and problems,
 * which stay where they arose. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { t } from "../base/i18n";
import { dateTime } from "../base/format";
import type { Problem } from "../api/problem";
import { served } from "../base/i18n";
import { Icon } from "./icon";
import { Foreign } from "./text";

const said = signal<{ text: string; n: number } | null>(null);
let n = 0;
const SHOWN_MS = 6000;

export function say(text: string): void {
  const mine = ++n;
  said.value = { text, n: mine };
  setTimeout(() => {
    if (said.value?.n === mine) said.value = null;
  }, SHOWN_MS);
}

export function Announcements() {
  return (
    <div class="announcements" role="status" aria-live="polite">
      {said.value && (
        <p key={said.value.n}>
          <Icon name="ok" /> <Foreign text={said.value.text} />
        </p>
      )}
    </div>
  );
}

export function Notice(props: { kind: "error" | "warning" | "info"; children: ComponentChildren }) {
  return (
    <div class={`notice ${props.kind}`} role={props.kind === "error" ? "alert" : undefined}>
      {props.kind !== "info" && <Icon name="warning" />}
      <div>{props.children}</div>
    </div>
  );
}

export function ProblemNotice({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  return (
    <Notice kind="error">
      <Foreign
        text={
          problem.conflict
            ? t("problem.changed-by", {
                who: problem.conflict.who,
                at: dateTime(problem.conflict.at),
              })
            : served(problem.sentence)
        }
      />
      {problem.retryAfterS > 0 && <> {t("problem.retry-after", { s: problem.retryAfterS })}</>}
    </Notice>
  );
}
