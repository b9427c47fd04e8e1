/* Catalogues: the same keys in each, the same gaps in each text, none unused, none missing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, fill } from "../src/base/i18n";
import { en } from "../src/text/en";
import { ptBR } from "../src/text/pt-BR";
import { sourceText } from "./source";

const keys = Object.keys(en);
const gapsOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("catalogues: the same keys", () => assert.deepEqual(Object.keys(ptBR).sort(), keys.sort()));

test("catalogues: the same gaps", () => {
  for (const key of keys)
    assert.deepEqual(
      gapsOf(ptBR[key as keyof typeof en]),
      gapsOf(en[key as keyof typeof en]),
      key,
    );
});

test("catalogues: no text is empty", () => {
  for (const catalogue of [en, ptBR])
    for (const [key, text] of Object.entries(catalogue)) assert.ok(text.trim(), key);
});

/* Keys are written out in the source ("partners.title"), begun there (`type.${type}`), or are of
 * tn("remove.streams"). */
test("catalogues: none is unused", () => {
  const text = sourceText(/\.tsx?$/, "text");
  const written = new Set([...text.matchAll(/"([\w-]+(?:\.[\w-]+)*)"/g)].map((match) => match[1]!));
  const begun = [...text.matchAll(/`([\w.-]+\.)\$\{/g)].map((match) => match[1]!);
  for (const key of keys) {
    const stem = key.replace(/\.(one|other)$/, "");
    const used = written.has(key) || written.has(stem) || begun.some((one) => key.startsWith(one));
    assert.ok(used, `${key} is used nowhere`);
  }
});

test("languages: the reader's first that there is", () => {
  assert.equal(chooseLanguage(["de", "pt-PT", "en"]), "pt-BR");
  assert.equal(chooseLanguage(["en-GB", "pt"]), "en");
  assert.equal(chooseLanguage(["ja"]), "en");
});

test("gaps: unknown ones stay", () => assert.equal(fill("{a} {b}", { a: "x" }), "x {b}"));
