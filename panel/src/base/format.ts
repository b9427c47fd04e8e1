/* Times and numbers as the reader's language writes them. */
import { language } from "./i18n";

/* Formatters are dear to make: one of each kind is kept, of the present language. */
function kept<T>(make: (language: string) => T): () => T {
  let of = "";
  let one: T;
  return () => {
    if (of !== language.value) one = make((of = language.value));
    return one;
  };
}

const dateTimes = kept(
  (tag) => new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" }),
);
const relatives = kept((tag) => new Intl.RelativeTimeFormat(tag, { numeric: "auto" }));
const numbers = kept((tag) => new Intl.NumberFormat(tag));

export function dateTime(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return dateTimes().format(date);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/* "5 minutes ago"; `now` in milliseconds. */
export function ago(text: string, now: number = Date.now()): string {
  const seconds = Math.round((new Date(text).getTime() - now) / 1000);
  if (Number.isNaN(seconds)) return text;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return relatives().format(Math.trunc(seconds / size), unit);
}

export function number(value: number): string {
  return numbers().format(value);
}

/* "340 ms", "1.2 s" */
export function duration(ms: number): string {
  const unit = ms < 1000 ? "millisecond" : "second";
  return new Intl.NumberFormat(language.value, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: 1,
  }).format(ms < 1000 ? Math.round(ms) : ms / 1000);
}
