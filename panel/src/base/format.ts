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
const exacts = kept(
  (tag) => new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "long" }),
);
const clocks = kept((tag) => new Intl.DateTimeFormat(tag, { timeStyle: "short" }));
const relatives = kept((tag) => new Intl.RelativeTimeFormat(tag, { numeric: "auto" }));
const numbers = kept((tag) => new Intl.NumberFormat(tag));

/* A text that is no time is shown as it is. */
function written(text: string, formatter: Intl.DateTimeFormat): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : formatter.format(date);
}

export function dateTime(text: string): string {
  return written(text, dateTimes());
}

/* With the day of the week and the reader's zone. */
export function exact(text: string): string {
  return written(text, exacts());
}

/* "16:55", of milliseconds. */
export function clock(ms: number): string {
  return clocks().format(ms);
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

function measured(value: number, unit: string, unitDisplay: "short" | "long"): string {
  return new Intl.NumberFormat(language.value, {
    style: "unit",
    unit,
    unitDisplay,
    maximumFractionDigits: 1,
  }).format(value);
}

/* "340 ms", "1.2 s" */
export function duration(ms: number): string {
  return ms < 1000
    ? measured(Math.round(ms), "millisecond", "short")
    : measured(ms / 1000, "second", "short");
}

/* "10 minutes": rounded up. */
export function span(seconds: number): string {
  const [unit, size] = steps.find(([, s]) => seconds >= 2 * s) ?? ["second", 1];
  return measured(Math.ceil(seconds / size), unit, "long");
}
