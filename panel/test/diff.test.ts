/* Differences between two states of a thing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, listParts, valueText } from "../src/base/diff";

test("differences: only what differs, without what follows", () =>
  assert.deepEqual(
    differences({ tls: "Required", list: ["a"], version: 1 }, { tls: "Optional", list: ["a"], version: 2 }, [
      "version",
    ]),
    [{ field: "tls", before: "Required", after: "Optional" }],
  ));

test("differences: made anew, and taken away", () => {
  assert.deepEqual(differences(null, { a: 0 }), [{ field: "a", before: undefined, after: 0 }]);
  assert.deepEqual(differences({ a: 0 }, null), [{ field: "a", before: 0, after: undefined }]);
  assert.deepEqual(differences(null, null), []);
});

test("lists: what went, what came, what stayed", () => {
  const parts = listParts(["a", "b"], ["b", "c"])!;
  assert.equal(parts.map((part) => part.sign + part.text).join(","), "-a, b,+c");
  assert.equal(listParts(null, ["a"]), null);
});

for (const [value, text] of [[null, "–"], ["", "–"], [[], "–"], [0, "0"], [["a", "b"], "a\nb"], [{ a: 1 }, '{"a":1}']] as const)
  test(`value: ${JSON.stringify(value)}`, () => assert.equal(valueText(value), text));
