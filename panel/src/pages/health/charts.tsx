/* Small charts of the last hours.  What they show is said in words beside them, and all numbers are
 * in a table below. */
import { getSamples, type Sample } from "../../api/health";
import { dateTime, number } from "../../base/format";
import { t, type Key } from "../../base/i18n";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { HEIGHT, pathOf, pointsOf, summaryOf, WIDTH } from "./chart-data";

const HOURS = 6;
const EVERY_MS = 60000;
const SHOWN_ROWS = 60;

const series = [
  "messages-x2s", "messages-s2x", "refused", "presence-x2s", "presence-s2x", "stanzas-in",
  "stanzas-out", "door-refused", "streams", "subscriptions", "gateway-queue", "edge-queue",
] as const;
type Series = (typeof series)[number];

const title = (one: Series): Key => `series.${one}`;

function shown(value: unknown): string {
  return typeof value === "number" ? number(value) : "–";
}

function Chart({ samples, of, to }: { samples: Sample[]; of: Series; to: number }) {
  const points = pointsOf(samples, of, to - HOURS * 3600000, to);
  const summary = summaryOf(points);
  const words = summary
    ? t("chart.words", { last: shown(summary.last), least: shown(summary.least), most: shown(summary.most) })
    : t("chart.nothing");
  return (
    <figure class="chart">
      <figcaption>{t(title(of))}</figcaption>
      <svg viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`} role="img" aria-label={`${t(title(of))}: ${words}`} preserveAspectRatio="none">
        <path class="base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {summary && <path class="line" d={pathOf(points, summary.most)} />}
      </svg>
      <small>{words}</small>
    </figure>
  );
}

export function Charts() {
  const loaded = useLoad("samples", () => getSamples(HOURS));
  useEvery(EVERY_MS, loaded.reload);
  const samples = loaded.data?.samples ?? [];
  const to = samples.length ? new Date(samples.at(-1)!.at).getTime() : Date.now();
  return (
    <section>
      <h2>{t("chart.title", { n: HOURS })}</h2>
      <Loading of={loaded} />
      {loaded.data && samples.length === 0 && <p class="empty">{t("chart.none")}</p>}
      {samples.length > 0 && (
        <>
          <div class="charts">
            {series.map((one) => (
              <Chart key={one} samples={samples} of={one} to={to} />
            ))}
          </div>
          <details>
            <summary>{t("chart.numbers", { n: Math.min(SHOWN_ROWS, samples.length) })}</summary>
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
              <th scope="row">{dateTime(sample.at)}</th>
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
