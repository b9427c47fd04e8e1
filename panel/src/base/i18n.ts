/* Texts in the reader's language.  Each catalogue (text/*.ts) has the same keys; the compiler and
 * test/catalogues.test.ts see to it.  Whoever calls t() while it renders is rendered again when the
 * language changes.
 *
 * t("partners.found", { n: 3 }) fills "{n}" in; tn("streams.count", 3) chooses between
 * "streams.count.one" and "streams.count.other" by the language's own rule. */
import { effect, signal } from "@preact/signals";
import { en } from "../text/en";
import { ptBR } from "../text/pt-BR";
import { number } from "./format";
import { recall, remember } from "./memory";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Gaps = Record<string, string | number>;
type Counted<K> = K extends `${infer Stem}.other` ? Stem : never;

const catalogues = { en, "pt-BR": ptBR } satisfies Record<string, Catalogue>;
export type Language = keyof typeof catalogues;
export const languages: { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "pt-BR", name: "Português (Brasil)" },
];

/* The first of the reader's languages that there is a catalogue for. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (/^pt\b/i.test(tag)) return "pt-BR";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

function firstLanguage(): Language {
  const kept = recall("language");
  if (kept === "en" || kept === "pt-BR") return kept;
  return chooseLanguage(typeof navigator === "undefined" ? [] : navigator.languages);
}

export const language = signal<Language>(firstLanguage());

export function keepLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
    remember("language", language.value);
  });
}

export function fill(text: string, gaps: Gaps = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in gaps ? shown(gaps[name]!) : whole,
  );
}

function shown(value: string | number): string {
  return typeof value === "number" ? number(value) : value;
}

export function t(key: Key, gaps?: Gaps): string {
  return fill(catalogues[language.value][key], gaps);
}

export function tn(stem: Counted<Key>, n: number, gaps: Gaps = {}): string {
  const one = new Intl.PluralRules(language.value).select(n) === "one";
  return t(`${stem}.${one ? "one" : "other"}` as Key, { n, ...gaps });
}

/* Of a word of the server, where the catalogue has one. */
export function known(key: string): string | undefined {
  return key in en ? t(key as Key) : undefined;
}

/* What the server says in English, where its words are fixed. */
export function served(sentence: string): string {
  return known(`served.${sentence}`) ?? sentence;
}
