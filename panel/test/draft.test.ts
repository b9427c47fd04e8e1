/* A partner while it is edited (draft.ts), and which are listed (search.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Partner } from "../src/api/types";
import {
  addDomains, changesOf, domainsIn, draftOf, EMPTY, fieldsOf, isChanged, tryableOf,
} from "../src/pages/partners/draft";
import type { States } from "../src/pages/partners/live";
import { endsSo, sorted, type Column } from "../src/pages/partners/search";

function partner(fields: Partial<Partner>): Partner {
  const domain = fields.domain ?? "a.test";
  return {
    ...EMPTY, "domain-unicode": domain, "additional-unicode": [], methods: [], note: "", version: 1,
    ...fields,
  };
}

const pasted = [
  { name: "lines", text: "a.test\nb.test\r\nc.test", list: ["a.test", "b.test", "c.test"] },
  { name: "commas and spaces", text: "a.test, b.test;c.test", list: ["a.test", "b.test", "c.test"] },
  { name: "addresses", text: "xmpp:juliet@a.test sip:bob@b.test", list: ["a.test", "b.test"] },
  { name: "web", text: "https://a.test/path?x=1", list: ["a.test"] },
  { name: "quotes and a last dot", text: '"a.test.", <b.test>', list: ["a.test", "b.test"] },
  { name: "other scripts", text: "пример.рф", list: ["пример.рф"] },
  { name: "nothing", text: " ,; \n", list: [] },
];
for (const row of pasted)
  test(`domains of a pasted text: ${row.name}`, () => assert.deepEqual(domainsIn(row.text), row.list));

test("domains: what is there already is not added again", () =>
  assert.deepEqual(addDomains(["a.test"], "A.TEST b.test b.test"), {
    list: ["a.test", "b.test"], added: 1, known: 2,
  }));

test("draft: unchanged gives no changes", () => {
  const from = partner({ "pinned-keys": ["sha256:x"], "connection-limit": 7 });
  assert.deepEqual(changesOf(from, fieldsOf(draftOf(from))!), {});
  assert.equal(isChanged(draftOf(from), draftOf(from)), false);
});

test("draft: only what changed is sent", () => {
  const from = partner({});
  const to = fieldsOf({ ...draftOf(from), tls: "Optional", "connection-limit": " 5 " })!;
  assert.deepEqual(changesOf(from, to), { tls: "Optional", "connection-limit": 5 });
  assert.deepEqual(tryableOf(changesOf(from, to)), { tls: "Optional" });
});

for (const limit of ["x", "-1", "1.5", "1e3", "99999999999"])
  test(`draft: "${limit}" is no limit`, () =>
    assert.equal(fieldsOf({ ...draftOf(EMPTY), "connection-limit": limit }), null));

test("search: by the end, in A- and U-labels, of additional domains, too", () => {
  const one = partner({
    domain: "fabrikam.test", additional: ["xn--e1afmkfd.xn--p1ai"], "additional-unicode": ["пример.рф"],
  });
  for (const found of ["test", "M.TEST ", "", "рф", "xn--p1ai"]) assert.ok(endsSo(one, found), found);
  for (const other of ["fabrikam", "x.test"]) assert.ok(!endsSo(one, other), other);
});

test("order: by a column, then by domain; the other way round", () => {
  const all = [
    partner({ domain: "b.test", "domain-unicode": "b.test", tls: "Required" }),
    partner({ domain: "a.test", "domain-unicode": "a.test", tls: "Required" }),
    partner({ domain: "c.test", "domain-unicode": "c.test", tls: "NotSupported" }),
  ];
  const states = new Map([
    ["a.test", { inbound: 1, outbound: 0, failure: null }],
    ["b.test", { inbound: 1, outbound: 1, failure: { at: "2026-01-01T00:00:00Z" } }],
    ["c.test", { inbound: 0, outbound: 0, failure: { at: "2026-01-02T00:00:00Z" } }],
  ]) as unknown as States;
  const names = (descending: boolean, by: Column) =>
    sorted(all, { by, descending }, states).map((one) => one.domain[0]).join("");
  assert.equal(names(false, "tls"), "abc");
  assert.equal(names(true, "tls"), "cab");
  assert.equal(names(true, "domain"), "cba");
  assert.equal(names(true, "streams"), "bac");
  assert.equal(names(true, "failure"), "cba");
});
