/* What strangers wrote is text, wherever it is shown (W05, W06); domains show what they are (M11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "preact-render-to-string";
import { Facts } from "../src/kit/facts";
import { Domain, Foreign } from "../src/kit/text";
import { Steps } from "../src/pages/partners/steps";
import { Timeline } from "../src/pages/partners/timeline";
import { sourceText } from "./source";

const EVIL = '"><svg/onload=alert(1)>{{7*7}}';

test("facts, sentences and names are escaped", () => {
  const step = {
    step: EVIL, state: "failed" as const, ms: 1, sentence: EVIL, advice: EVIL,
    facts: { [EVIL]: [EVIL, { names: [EVIL], on: true, none: null }] },
  };
  const attempt = {
    id: EVIL, at: "2026-01-01T00:00:00Z", direction: "inbound" as const, local: EVIL, remote: EVIL,
    result: "failed" as const, method: EVIL, sentence: EVIL, edge: EVIL, steps: [step],
  };
  for (const html of [
    render(<Foreign text={EVIL} />),
    render(<Facts of={step.facts} />),
    render(<Steps steps={[step]} label="x" />),
    render(<Timeline attempts={[attempt]} />),
  ]) {
    assert.ok(!html.includes("<svg/"), html);
    assert.ok(html.includes("&lt;svg/onload"), html);
  }
});

test("a domain of another script stands beside its A-label", () => {
  const html = render(<Domain ascii="xn--80ak6aa92e.com" unicode="аррӏе.com" />);
  assert.match(html, /<bdi>аррӏе\.com<\/bdi>.*xn--80ak6aa92e\.com/);
  assert.equal(render(<Domain ascii="a.test" unicode="a.test" />).match(/test/g)?.length, 1);
});

/* No HTML from strings, no style attribute, no script from strings: the CSP forbids them, too. */
test("the source writes no HTML of its own", () => {
  assert.doesNotMatch(
    sourceText(/\.tsx?$/),
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=/,
  );
});
