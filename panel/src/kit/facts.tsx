/* Any JSON, as names and values: times as the reader writes them, names in his language where the
 * catalogue has them.  Strangers have said some of it: it is shown as text. */
import { number } from "../base/format";
import { known, served, t } from "../base/i18n";
import { Foreign } from "./text";
import { Time } from "./time";

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function factName(name: string): string {
  return known(`fact.${name}`) ?? name;
}

function Value({ of }: { of: unknown }) {
  if (typeof of === "boolean") return <>{t(of ? "yes" : "no")}</>;
  if (typeof of === "number") return <>{number(of)}</>;
  if (of === null || of === "") return <>–</>;
  const text = String(of);
  return TIME.test(text) ? <Time at={text} /> : <Foreign text={served(text)} />;
}

export function Facts({ of }: { of: unknown }) {
  if (typeof of !== "object" || !of) return <Value of={of} />;
  if (Array.isArray(of)) {
    if (of.length === 0) return <span class="none">–</span>;
    return (
      <ul class="facts">
        {of.map((one, i) => (
          <li key={i}>
            <Facts of={one} />
          </li>
        ))}
      </ul>
    );
  }
  return <Pairs of={Object.entries(of)} look="facts" />;
}

function Pairs({ of, look }: { of: [string, unknown][]; look: string }) {
  return (
    <dl class={look}>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Foreign text={factName(name)} />
          </dt>
          <dd>
            <Facts of={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/* The same as a page: what is simple first, then a part for each that is not. */
export function FactSheet({ of }: { of: Record<string, unknown> }) {
  const all = Object.entries(of);
  const simple = all.filter(([, value]) => typeof value !== "object" || !value);
  const parts = all.filter(([, value]) => typeof value === "object" && value);
  return (
    <>
      <Pairs of={simple} look="properties" />
      {parts.map(([name, value]) => (
        <section key={name}>
          <h2>
            <Foreign text={factName(name)} />
          </h2>
          <Facts of={value} />
        </section>
      ))}
    </>
  );
}
