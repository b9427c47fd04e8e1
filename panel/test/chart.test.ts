/* Charts: lines with gaps, and what they say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../src/api/health";
import { linesOf, pathOf, pointsOf, summaryOf } from "../src/pages/health/chart-data";

const values = [null, 4, 2, null, 8];
const samples = values.map((n, i) => ({
  at: new Date(i * 1000).toISOString(), state: "ok", n,
})) as unknown as Sample[];
const points = pointsOf(samples, "n", 0, 4000);

test("chart: points, and gaps where nothing is known", () => {
  assert.deepEqual(points.map((point) => point.x), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(points.map((point) => point.y), values);
  assert.deepEqual(pointsOf(samples, "other", 0, 4000).map((point) => point.y), [null, null, null, null, null]);
});

test("chart: the line breaks at gaps", () =>
  assert.equal(pathOf(points, 8), "M80.0 40.0h1L160.0 60.0M320.0 0.0h1"));

test("chart: nothing but zeros lies on the ground", () =>
  assert.equal(pathOf([{ x: 0, y: 0 }], 0), "M0.0 80.0h1"));

test("chart: in words", () => {
  assert.deepEqual(summaryOf(points), { least: 2, most: 8, last: 8 });
  assert.equal(summaryOf([{ x: 0, y: null }]), null);
});

test("counters: one line each", () =>
  assert.deepEqual(linesOf({ a: { b: 1, c: { d: 2 } }, e: "x", f: null }), [
    { name: "a.b", value: 1 }, { name: "a.c.d", value: 2 },
  ]));
