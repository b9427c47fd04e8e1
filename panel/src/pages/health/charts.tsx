/* Small charts of the last hours.  What they show is said in words beside them, and all numbers are
 * in a table below. */
import { useState } from "preact/hooks";
import { getSamples, type Sample } from "../../api/health";
import { clock, number } from "../../base/format";
import { t, tn, type Key } from "../../base/i18n";
import { Chooser } from "../../kit/chooser";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { Time } from "../../kit/time";
import { HEIGHT, pathOf, pointsOf, summaryOf, WIDTH, type Summary } from "./chart-data";

const EVERY_MS = 60000;
const SHOWN_ROWS = 60;
const HOUR_MS = 3600000;
const choices = ["1", "6", "24"] as const; /* hours; as many as are kept */
type Hours = (typeof choices)[number];

const perMinute = [
  "messages-x2s", "messages-s2x", "refused", "presence-x2s", "presence-s2x", "stanzas-in",
  "stanzas-out", "door-refused",
] as const;
const present = ["streams", "subscriptions", "gateway-queue", "edge-queue"] as const;
const series = [...perMinute, ...present];
type Series = (typeof series)[number];

const title = (one: Series): Key => `series.${one}`;

/* Two digits of a rate are enough. */
function shown(value: unknown): string {
  if (typeof value !== "number") return "–";
  return number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}

function wordsOf(summary: Summary | null): string {
  if (!summary) return t("chart.nothing");
  const { least, most, last } = summary;
  return t("chart.words", { last: shown(last), least: shown(least), most: shown(most) });
}

interface Window {
  samples: Sample[];
  from: number;
  to: number;
}

function Chart({ of, samples, from, to }: Window & { of: Series }) {
  const points = pointsOf(samples, of, from, to);
  const summary = summaryOf(points);
  const words = wordsOf(summary);
  return (
    <figure class="chart">
      <figcaption>{t(title(of))}</figcaption>
      <svg
        viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`}
        role="img"
        aria-label={`${t(title(of))}: ${words}`}
        preserveAspectRatio="none"
      >
        <path class="grid" d={`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}`} />
        <path class="base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {summary && <path class="line" d={pathOf(points, summary.most)} />}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>{clock(from)}</span>
        <span>{clock(to)}</span>
      </p>
      <small>{words}</small>
    </figure>
  );
}

function Group({ name, list, window }: { name: Key; list: readonly Series[]; window: Window }) {
  return (
    <>
      <h3>{t(name)}</h3>
      <div class="charts">
        {list.map((one) => (
          <Chart key={one} of={one} {...window} />
        ))}
      </div>
    </>
  );
}

export function Charts() {
  const [hours, setHours] = useState<Hours>("6");
  const loaded = useLoad(`samples ${hours}`, () => getSamples(Number(hours)));
  useEvery(EVERY_MS, loaded.reload);
  const samples = loaded.data?.samples ?? [];
  const to = samples.length ? new Date(samples.at(-1)!.at).getTime() : Date.now();
  const window = { samples, from: to - Number(hours) * HOUR_MS, to };
  return (
    <section>
      <div class="section-head">
        <h2>{tn("chart.title", Number(hours))}</h2>
        <Chooser<Hours>
          label={t("chart.hours")}
          value={hours}
          choices={choices.map((value) => ({ value, text: tn("chart.n-hours", Number(value)) }))}
          onChange={setHours}
        />
      </div>
      <Loading of={loaded} />
      {loaded.data && samples.length === 0 && <p class="empty">{t("chart.none")}</p>}
      {samples.length > 0 && (
        <>
          <Group name="chart.per-minute" list={perMinute} window={window} />
          <Group name="chart.present" list={present} window={window} />
          <details>
            <summary>{tn("chart.numbers", Math.min(SHOWN_ROWS, samples.length))}</summary>
            <Numbers samples={samples.slice(-SHOWN_ROWS).reverse()} />
          </details>
        </>
      )}
    </section>
  );
}

function Numbers({ samples }: { samples: Sample[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("chart.table")}>
      <table>
        <caption class="unseen">{t("chart.table")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("audit.at")}</th>
            {series.map((one) => (
              <th scope="col" class="number" key={one}>
                {t(title(one))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {samples.map((sample) => (
            <tr key={sample.at}>
              <th scope="row">
                <Time at={sample.at} />
              </th>
              {series.map((one) => (
                <td class="number" key={one}>
                  {shown(sample[one])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
