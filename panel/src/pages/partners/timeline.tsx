/* The picture of timeline.ts, its text alternative, and below it each attempt with its steps. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Attempt } from "../../api/types";
import { ago, dateTime } from "../../base/format";
import { t, tn } from "../../base/i18n";
import { told } from "../../base/told";
import { Icon } from "../../kit/icon";
import { useOwnId } from "../../kit/id";
import { Notice } from "../../kit/notice";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";
import { Advice, Steps, stepName } from "./steps";
import { columnsOf, isBad, isGood, stageNames, stoppedAt, type Column } from "./timeline-data";

const CELL = 18;
const GAP = 3;
const LEFT = 132; /* the stages' names */
const TOP = 20; /* the directions */
const FOOT = 22; /* the times */
const STEP = CELL + GAP;

function x(i: number): number {
  return LEFT + i * STEP;
}

/* Row 0 is the first stage, at the bottom. */
function y(row: number): number {
  return TOP + (stageNames.length - 1 - row) * STEP;
}

export function summary(attempts: Attempt[]): string {
  const good = attempts.filter(isGood).length;
  const failed = attempts.filter(isBad);
  const last = failed.at(-1);
  const words = [tn("timeline.attempts", attempts.length), tn("timeline.good", good)];
  if (!last) return `${words.join(" ")} ${t("timeline.none-failed")}`;
  const stage = stoppedAt(columnsOf([last])[0]!);
  return [
    ...words,
    tn("timeline.failed", failed.length),
    t("timeline.last-failed", {
      at: dateTime(last.at),
      stage: stage ? stepName(stage) : t(`result.${last.result}`),
    }),
  ].join(" ");
}

export function Timeline({ attempts }: { attempts: Attempt[] }) {
  if (attempts.length === 0) return <p class="empty">{t("timeline.none")}</p>;
  return (
    <>
      <p>{summary(attempts)}</p>
      <Trouble last={attempts.at(-1)!} />
      <Picture attempts={attempts} />
      <Legend />
      <ol class="attempts" reversed>
        {[...attempts].reverse().map((attempt) => (
          <li key={attempt.id + attempt.at} id={idOf(attempt)}>
            <AttemptDetails attempt={attempt} />
          </li>
        ))}
      </ol>
    </>
  );
}

/* What the newest attempt failed of, before all details. */
function Trouble({ last }: { last: Attempt }) {
  if (!isBad(last) || !last.sentence) return null;
  return (
    <Notice kind="warning">
      <Foreign text={told("reason", last.reason, last.sentence)} />
      <Advice of={last} />
    </Notice>
  );
}

function idOf(attempt: Attempt): string {
  return `attempt-${attempt.id}-${attempt.at}`;
}

/* For the mouse; the list below is for everybody. */
function open(attempt: Attempt): void {
  const place = document.getElementById(idOf(attempt));
  const details = place?.querySelector("details");
  if (details) details.open = true;
  place?.scrollIntoView({ block: "nearest" });
}

function Picture({ attempts }: { attempts: Attempt[] }) {
  const columns = columnsOf(attempts);
  const id = useOwnId();
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    place.current!.scrollLeft = place.current!.scrollWidth; /* the newest are in view */
  }, [attempts.length]);
  const width = x(columns.length) + GAP;
  const height = TOP + stageNames.length * STEP + FOOT;
  return (
    <div ref={place} class="picture" tabIndex={0} role="region" aria-label={t("timeline.title")}>
      <svg
        class="timeline"
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-labelledby={`${id}-title ${id}-desc`}
      >
        <title id={`${id}-title`}>{t("timeline.title")}</title>
        <desc id={`${id}-desc`}>{summary(attempts)}</desc>
        {stageNames.map((stage, row) => (
          <text key={stage} class="stage" x={LEFT - 8} y={y(row) + CELL - 5} text-anchor="end">
            {stepName(stage)}
          </text>
        ))}
        {columns.map((column, i) => (
          <Ladder key={idOf(column.attempt)} column={column} i={i} />
        ))}
        <Times attempts={attempts} y={height - 5} />
      </svg>
    </div>
  );
}

function Ladder({ column, i }: { column: Column; i: number }) {
  const { attempt, cells } = column;
  const sign = attempt.direction === "inbound" ? "←" : "→";
  return (
    <g class={`ladder ${attempt.result}`} onClick={() => open(attempt)}>
      <title>{`${dateTime(attempt.at)}: ${t(`result.${attempt.result}`)}`}</title>
      <text class="direction" x={x(i) + CELL / 2} y={TOP - 6} text-anchor="middle">
        {sign}
      </text>
      {cells.map((state, row) => (
        <g key={row} class={`cell ${state ?? "never"}`}>
          <rect x={x(i)} y={y(row)} width={CELL} height={CELL} rx="2" />
          {state === "failed" && <path d={cross(x(i), y(row))} />}
          {state === "skipped" && <path d={`M${x(i) + 4} ${y(row) + CELL / 2}h${CELL - 8}`} />}
        </g>
      ))}
    </g>
  );
}

function cross(left: number, top: number): string {
  const n = CELL - 8;
  return `M${left + 4} ${top + 4}l${n} ${n}M${left + 4 + n} ${top + 4}l${-n} ${n}`;
}

function Times({ attempts, y: at }: { attempts: Attempt[]; y: number }) {
  const first = attempts[0]!;
  const last = attempts.at(-1)!;
  const wide = attempts.length >= 12; /* else both do not fit below */
  return (
    <>
      {wide && (
        <text class="time" x={x(0)} y={at}>
          {ago(first.at)}
        </text>
      )}
      <text class="time" x={x(attempts.length) - GAP} y={at} text-anchor="end">
        {ago(last.at)}
      </text>
    </>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-hidden="true">
      {(["ok", "failed", "skipped"] as const).map((state) => (
        <li key={state} class={state}>
          <span class="swatch">
            <Icon name={state} />
          </span>{" "}
          {t(`state.${state}`)}
        </li>
      ))}
      <li>→ {t("direction.outbound")}</li>
      <li>← {t("direction.inbound")}</li>
    </ul>
  );
}

function AttemptDetails({ attempt }: { attempt: Attempt }) {
  return (
    <details>
      <summary>
        <span class={`result ${attempt.result}`}>
          <Icon name={isBad(attempt) ? "failed" : attempt.result === "pending" ? "skipped" : "ok"} />
          {" "}
          {t(`result.${attempt.result}`)}
        </span>{" "}
        <Time at={attempt.at} />{" "}
        <span>{t(`direction.${attempt.direction}`)}</span>{" "}
        {attempt.sentence && (
          <Foreign text={told("reason", attempt.reason, attempt.sentence)} />
        )}
      </summary>
      <Advice of={attempt} />
      <p>
        <small>
          <Foreign text={`${attempt.local} – ${attempt.remote}`} /> · {t("timeline.id")}{" "}
          <code>
            <Foreign text={attempt.id} />
          </code>
          {attempt.edge && (
            <>
              {" "}
              · {t("timeline.edge")} <Foreign text={attempt.edge} />
            </>
          )}
        </small>
      </p>
      <Steps steps={attempt.steps} label={t("timeline.steps")} />
    </details>
  );
}
