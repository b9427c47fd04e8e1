/* The client: problems, addresses, news line by line, what streams come to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { urlOf } from "../src/api/client";
import { ndjson } from "../src/api/ndjson";
import { asProblem, fieldOf, problemOf } from "../src/api/problem";
import type { Attempt, PartnerState } from "../src/api/types";
import { matchPath, pathOf } from "../src/base/route";
import { keepSame } from "../src/pages/partners/live";
import { columnsOf, stoppedAt } from "../src/pages/partners/timeline-data";
import { passwordFault } from "../src/sign-in/password";

test("problem: field, sentence, who was first", () => {
  const problem = problemOf(412, {
    detail: "Changed meanwhile.", field: "/sasl", conflict: { who: "bob", at: "2026-01-01T00:00:00Z" },
  });
  assert.equal(problem.sentence, "Changed meanwhile.");
  assert.equal(problem.field, "sasl");
  assert.deepEqual(problem.conflict, { who: "bob", at: "2026-01-01T00:00:00Z" });
});

test("problem: of an answer that is none", () => {
  assert.match(problemOf(502, null).sentence, /502/);
  assert.equal(problemOf(429, {}, "7").retryAfterS, 7);
  assert.equal(asProblem(new TypeError("fetch failed")).status, 0);
});

for (const [pointer, field] of [["/additional/2", "additional"], ["", ""], ["/a~1b~0c", "a/b~c"]])
  test(`problem: pointer "${pointer}"`, () => assert.equal(fieldOf(pointer!), field));

test("address: arguments are escaped, absent ones left out", () =>
  assert.equal(urlOf("/partners", { match: "a b&c", cursor: undefined }), "/api/v1/partners?match=a%20b%26c"));

function bodyOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
      controller.close();
    },
  });
}

test("news: whole, and byte by byte", async () => {
  const bytes = new TextEncoder().encode('{"progress":{"ü":1}}\n\n{"answer":{}}');
  for (const size of [bytes.length, 1]) {
    const lines = [];
    for await (const line of ndjson(bodyOf(bytes, size))) lines.push(line);
    assert.deepEqual(lines, [{ progress: { ü: 1 } }, { answer: {} }]);
  }
});

test("paths: taken apart and put together", () => {
  assert.deepEqual(matchPath("/partners/{domain}/edit", "/partners/a.test/edit"), { domain: "a.test" });
  assert.equal(matchPath("/partners/{domain}", "/partners/"), null);
  assert.equal(matchPath("/partners/{domain}", "/partners/%ff"), null);
  assert.deepEqual(matchPath("/partners", "/partners/"), {});
  assert.equal(pathOf("/partners/{domain}", { domain: "a/b?" }), "/partners/a%2Fb%3F");
});

test("states: those that did not change stay the same objects", () => {
  const state = (partner: string, inbound: number): PartnerState => ({
    partner, inbound, outbound: 0, pending: 0, methods: [], failure: null,
  });
  const old = keepSame(new Map(), [state("a.test", 1), state("b.test", 1), state("c.test", 1)]);
  const next = keepSame(old, [state("a.test", 1), state("b.test", 2)]);
  assert.equal(next.get("a.test"), old.get("a.test"));
  assert.equal(next.get("b.test")?.inbound, 2);
  assert.equal(next.has("c.test"), false);
});

function attempt(result: Attempt["result"], steps: [string, "ok" | "failed"][]): Attempt {
  return {
    id: "s1", at: "2026-01-01T00:00:00Z", direction: "outbound", local: "l", remote: "r", result,
    method: "none", steps: steps.map(([step, state]) => ({ step, state, ms: 1, facts: {} })),
  };
}

test("picture: where an attempt stopped", () => {
  const rows = [
    { steps: [["dns", "ok"], ["tcp", "failed"], ["tcp", "failed"], ["verdict", "failed"]], at: "tcp" },
    { steps: [["dns", "ok"], ["tcp", "failed"], ["tcp", "ok"], ["tls", "failed"]], at: "tls" },
    { steps: [["tcp", "ok"], ["features", "ok"], ["tls", "ok"], ["features", "ok"],
      ["authentication", "failed"], ["verdict", "failed"]], at: "authentication" },
  ] as { steps: [string, "ok" | "failed"][]; at: string }[];
  for (const row of rows)
    assert.equal(stoppedAt(columnsOf([attempt("failed", row.steps)])[0]!), row.at);
});

test("passwords: what the browser can tell by itself", () => {
  assert.equal(passwordFault("short", "short"), "short");
  assert.equal(passwordFault("long enough, I say", "other"), "differs");
  assert.equal(passwordFault("long enough, I say", "long enough, I say"), null);
});
