/* Test partner: the way there and back is walked, each step shown as it happens; with the saved
 * settings, or with others before they are saved. */
import { useEffect, useRef, useState } from "preact/hooks";
import { getPartner, testPartner } from "../../api/partners";
import { asProblem, type Problem } from "../../api/problem";
import { isAdministrator } from "../../api/session-state";
import type { Partner, PartnerFields, PartnerTest, Step } from "../../api/types";
import { t } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { told } from "../../base/told";
import { Button } from "../../kit/button";
import { Dialog } from "../../kit/dialog";
import { Loading, useLoad } from "../../kit/load";
import { Notice, ProblemNotice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Domain, Foreign, named } from "../../kit/text";
import { aboveOne } from "./above";
import { labelOf, shownValue } from "./conflict";
import { Steps } from "./steps";

let wanted: string | null = null;

/* The test page of this partner begins at once: somebody has just pressed "Test". */
export function startTestOf(domain: string): void {
  wanted = domain;
}

export function TestPartner({ domain }: { domain: string }) {
  const loaded = useLoad(`test ${domain}`, () => getPartner(domain));
  const [atOnce] = useState(() => wanted === domain);
  wanted = null;
  const partner = loaded.data;
  const name = revealed(partner?.["domain-unicode"] ?? domain);
  return (
    <Page
      title={t("test.title", { name })}
      heading={
        partner &&
        named("test.title", <Domain ascii={domain} unicode={partner["domain-unicode"]} />)
      }
      above={aboveOne(domain, name)}
    >
      <Loading of={loaded} />
      <TestRun domain={domain} fields={{}} atOnce={atOnce} />
    </Page>
  );
}

export function TestDialog(props: {
  partner: Partner;
  fields: Partial<PartnerFields>;
  onClose: () => void;
}) {
  const { partner, fields } = props;
  const names = Object.keys(fields) as (keyof PartnerFields)[];
  return (
    <Dialog
      wide
      title={t("test.try-title", { name: revealed(partner["domain-unicode"]) })}
      onClose={props.onClose}
      footer={<Button onClick={props.onClose}>{t("dialog.close")}</Button>}
    >
      {names.length === 0 ? (
        <p>{t("test.try-nothing")}</p>
      ) : (
        <ul>
          {names.map((name) => (
            <li key={name}>
              {t(labelOf(name))}:{" "}
              <Foreign text={shownValue(name, { ...partner, ...fields })} />
            </li>
          ))}
        </ul>
      )}
      <TestRun domain={partner.domain} fields={fields} atOnce />
    </Dialog>
  );
}

type Phase = "idle" | "running" | "done";

function TestRun(props: { domain: string; fields: Partial<PartnerFields>; atOnce: boolean }) {
  const [phase, setPhase] = useState<Phase>("idle");
  const [out, setOut] = useState<Step[]>([]);
  const [back, setBack] = useState<Step[]>([]);
  const [result, setResult] = useState<PartnerTest | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async () => {
    stop.current?.abort();
    const mine = (stop.current = new AbortController());
    setPhase("running");
    setOut([]);
    setBack([]);
    setResult(null);
    setProblem(null);
    try {
      const told = await testPartner(
        props.domain,
        props.fields,
        (news) => {
          if (news.step) setOut((old) => [...old, news.step!]);
          if (news["inbound-step"]) setBack((old) => [...old, news["inbound-step"]!]);
        },
        mine.signal,
      );
      setResult(told);
      setOut(told.attempt.steps);
      if (told.inbound) setBack(told.inbound.steps);
    } catch (thrown) {
      if (!mine.signal.aborted) setProblem(asProblem(thrown));
    }
    if (!mine.signal.aborted) setPhase("done");
  };
  useEffect(() => {
    if (props.atOnce) void run();
    return () => stop.current?.abort();
  }, []);
  return (
    <div class="test-run">
      {!isAdministrator.value && <Notice kind="info">{t("test.administrators")}</Notice>}
      {isAdministrator.value && (
        <Button kind="primary" icon="test" busy={phase === "running"} onClick={() => void run()}>
          {phase === "idle" ? t("test.start") : phase === "running" ? t("test.running") : t("test.again")}
        </Button>
      )}
      <div role="status">
        {result && <Verdict of={result} />}
      </div>
      <ProblemNotice problem={problem} />
      {(out.length > 0 || back.length > 0) && (
        <div class="two">
          <section>
            <h2>{t("test.outbound")}</h2>
            <Steps steps={out} label={t("test.outbound")} />
          </section>
          {back.length > 0 && (
            <section>
              <h2>{t("test.inbound")}</h2>
              <Steps steps={back} label={t("test.inbound")} />
            </section>
          )}
        </div>
      )}
    </div>
  );
}

function Verdict({ of }: { of: PartnerTest }) {
  const { attempt } = of;
  return (
    <p class={`verdict ${of.passed ? "ok" : "failed"}`}>
      <strong>{of.passed ? t("test.passed") : t("test.failed")}</strong>{" "}
      {attempt.sentence && (
        <Foreign text={told("reason", attempt.reason, attempt.sentence)} />
      )}
    </p>
  );
}
