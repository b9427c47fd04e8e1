/* Texts of strangers (reveal.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reveal, revealed } from "../src/base/reveal";

const rows = [
  { name: "plain", text: "fabrikam.test", shown: "fabrikam.test" },
  { name: "right to left override", text: "a\u202Eb", shown: "a[U+202E]b" },
  { name: "isolate", text: "\u2066x\u2069", shown: "[U+2066]x[U+2069]" },
  { name: "zero width joiner", text: "pay\u200Dpal", shown: "pay[U+200D]pal" },
  { name: "NUL", text: "\u0000", shown: "[U+0000]" },
  { name: "tag, beyond 16 bits", text: "\u{E0041}", shown: "[U+E0041]" },
  { name: "accents stay", text: "e\u0301", shown: "e\u0301" },
  { name: "four marks", text: "e\u0301\u0301\u0301\u0301", shown: "e\u0301\u0301\u0301[U+0301]" },
  { name: "markup is text", text: "<b>&", shown: "<b>&" },
  { name: "lines stay", text: "a\nb", shown: "a\nb" },
];

for (const row of rows)
  test(`reveal: ${row.name}`, () => assert.equal(revealed(row.text), row.shown));

test("reveal: three hundred marks are bounded on each letter", () => {
  const pieces = reveal("a" + "\u0300".repeat(300) + "b");
  assert.equal(pieces.filter((piece) => "code" in piece).length, 297);
});
