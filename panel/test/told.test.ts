/* Reasons in the reader's language: all of them, with and without what may be missing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { language } from "../src/base/i18n";
import { told, type Kind } from "../src/base/told";
import { failuresEn } from "../src/text/failures.en";
import { failuresPtBR } from "../src/text/failures.pt-BR";
import { serverText } from "./source";

const gaps: Record<string, string> = {
  domain: "a.test", local: "b.test", address: "192.0.2.1:5269", detail: "so (or so).",
};

function said(template: string, whole: boolean): string {
  return template
    .replace(/\[([^\]]*)\]/g, whole ? "$1" : "")
    .replace(/\{(\w+)\}/g, (_, name: string) => gaps[name]!);
}

test("told: each sentence, gaps and all", () => {
  language.value = "pt-BR";
  for (const [key, template] of Object.entries(failuresEn)) {
    const [kind, reason] = key.split(".") as [Kind, string];
    for (const whole of [true, false])
      assert.equal(
        told(kind, reason, said(template, whole)),
        said(failuresPtBR[key as keyof typeof failuresEn], whole),
      );
  }
});

test("told: the catalogue has the server's own words", () => {
  const texts = '((?:"(?:[^"\\\\]|\\\\.)*"\\s*)+)';
  const row = new RegExp(`\\{"([a-z0-9-]+)",\\s*CW_SIDE_\\w+,\\s*(?:true|false),\\s*${texts},\\s*${texts}\\}`, "g");
  const plain = (pieces: string) =>
    [...pieces.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((piece) => JSON.parse(`"${piece[1]}"`)).join("");
  const there = Object.fromEntries(
    [...serverText("policy/failure_text.c").matchAll(row)].flatMap(([, name, reason, advice]) => [
      [`reason.${name}`, plain(reason!)],
      [`advice.${name}`, plain(advice!)],
    ]),
  );
  assert.deepEqual({ ...failuresEn }, there);
});

test("told: in English, of another wording, or of no known reason as it was told", () => {
  language.value = "pt-BR";
  assert.equal(told("reason", "shutdown", "Something new."), "Something new.");
  assert.equal(told("reason", "unheard-of", "Something."), "Something.");
  assert.equal(told("reason", undefined, "Something."), "Something.");
  language.value = "en";
  assert.equal(told("reason", "shutdown", "This server went down."), "This server went down.");
});
