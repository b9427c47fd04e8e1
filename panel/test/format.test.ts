/* Times and spans as one reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, dateTime, duration, exact, span } from "../src/base/format";

const NOW = Date.parse("2026-01-02T00:00:00Z");

for (const [at, text] of [
  ["2026-01-01T23:59:58Z", "2 seconds ago"],
  ["2026-01-01T23:00:00Z", "1 hour ago"],
  ["2026-01-01T00:00:00Z", "yesterday"],
  ["never", "never"],
] as const)
  test(`ago: ${at}`, () => assert.equal(ago(at, NOW), text));

/* Rounded up: who is told "9 minutes" need not wait for ten. */
for (const [seconds, text] of [
  [1, "1 second"], [119, "119 seconds"], [120, "2 minutes"], [539, "9 minutes"], [7200, "2 hours"],
] as const)
  test(`span: ${seconds}`, () => assert.equal(span(seconds), text));

for (const [ms, text] of [[3.4, "3 ms"], [1200, "1.2 sec"]] as const)
  test(`duration: ${ms}`, () => assert.equal(duration(ms), text));

test("moments: exact ones have the zone; what is no time stays", () => {
  assert.match(exact("2026-01-01T00:00:00Z"), /(UTC|GMT|[A-Z]{3,4})/);
  assert.equal(dateTime("soon"), "soon");
});
