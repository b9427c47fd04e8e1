/* The client: problems, addresses, news line by line, what streams come to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { urlOf } from "../src/api/client";
import { ndjson } from "../src/api/ndjson";
import { asProblem, fieldOf, problemOf } from "../src/api/problem";
import type { Attempt, Stream } from "../src/api/types";
import { matchPath, pathOf } from "../src/base/route";
import { lastFailure, liveOf } from "../src/pages/partners/live";
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

test("streams: counted by partner; only those that are ready", () => {
  const stream = (direction: string, state: string) =>
    ({ partner: "a.test", direction, state, method: "TLS dialback" }) as Stream;
  const live = liveOf([stream("inbound", "ready"), stream("outbound", "ready"), stream("outbound", "tls")]);
  assert.deepEqual(live.get("a.test"), {
    inbound: 1, outbound: 1, pending: 1, methods: ["TLS dialback"],
  });
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

test("last failure: the newest, which is the last", () => {
  const list = [attempt("failed", []), attempt("refused", []), attempt("ready", [])];
  assert.equal(lastFailure(list), list[1]);
  assert.equal(lastFailure([]), null);
});

test("passwords: what the browser can tell by itself", () => {
  assert.equal(passwordFault("short", "short"), "short");
  assert.equal(passwordFault("long enough, I say", "other"), "differs");
  assert.equal(passwordFault("long enough, I say", "long enough, I say"), null);
});
