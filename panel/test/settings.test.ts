/* Settings: what the API's description says of each, and what is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { settingOf, type Settings } from "../src/api/settings";
import { changesOf, moved, NEW, NONE, pairsOf, textOfPairs, TYPED } from "../src/pages/settings/draft";

const range = { type: "integer", minimum: 30, maximum: 60 };
const list = [
  settingOf("rate", { anyOf: [range, { const: 0 }], description: "Help." }),
  settingOf("limit", range),
  settingOf("secret", { writeOnly: true, anyOf: [{ type: "string" }] }),
  settingOf("nets", { type: "array" }),
  settingOf("on", { type: "boolean" }),
];
const saved = {
  version: 3, rate: 40, limit: 50, secret: "(set)", nets: ["::/128"], on: false,
} as unknown as Settings;

test("settings: kinds and ranges", () => {
  assert.deepEqual(list.map((one) => one.kind), ["number", "number", "secret", "list", "switch"]);
  assert.deepEqual(list[0], { name: "rate", kind: "number", help: "Help.", min: 30, max: 60, zero: true });
  assert.equal(list[1]!.zero, false);
});

const rows: [string, Record<string, string | boolean>, object, string[]][] = [
  ["nothing typed", {}, {}, []],
  ["typed back", { limit: "50", on: false, nets: "::/128\n" }, {}, []],
  ["a number", { rate: " 0 " }, { rate: 0 }, []],
  ["no number", { rate: "ten", limit: "51" }, { limit: 51 }, ["rate"]],
  ["an emptied list", { nets: "" }, { nets: [] }, []],
  ["a secret kept", { secret: "" }, {}, []],
  ["a secret made", { secret: NEW }, { secret: "new" }, []],
  ["a secret removed", { secret: NONE }, { secret: "" }, []],
  ["a secret typed", { secret: `${TYPED}new=x` }, { secret: "new=x" }, []],
];
for (const [name, draft, changes, faults] of rows)
  test(`settings: ${name}`, () =>
    assert.deepEqual(changesOf(list, saved, draft), { changes, faults }));

test("states: there and back, and in another order", () => {
  const pairs = pairsOf("busy=dnd\nhere=");
  assert.deepEqual(pairs, [["busy", "dnd"], ["here", ""]]);
  assert.equal(textOfPairs(moved(pairs, 1, -1)), "here=\nbusy=dnd");
  assert.equal(moved(pairs, 1, 1), pairs);
});
