/* Style sheets: each class that has a rule is given to something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceText } from "./source";

/* Classes of selectors; what is in braces and comments is none. */
function classesOf(css: string): string[] {
  const selectors = css.replace(/\/\*[^]*?\*\//g, "").replace(/\{[^{}]*\}/g, "{}");
  return [...new Set([...selectors.matchAll(/\.([a-z][\w-]*)/g)].map((match) => match[1]!))];
}

test("classes: read from selectors only", () =>
  assert.deepEqual(
    classesOf("/* .no */ .a:not(.b) > x.c-d {\n margin: 0.5rem; }\n@media (max-width: 6.5rem) { .e { top: .3em } }"),
    ["a", "b", "c-d", "e"],
  ));

test("classes: none is unused", () => {
  const words = new Set(sourceText(/\.tsx$/, "text").match(/[\w-]+/g));
  assert.deepEqual(classesOf(sourceText(/\.css$/)).filter((name) => !words.has(name)), []);
});
