/* A partner made or changed.  Commit sends what changed, under the version that was read; a refusal
 * is shown beside its field and nothing is saved; Cancel and every other way out ask first when
 * something would be lost. */
import { useEffect, useRef, useState } from "preact/hooks";
import { addPartner, changePartner, getPartner } from "../../api/partners";
import { asProblem, type Problem } from "../../api/problem";
import { isAdministrator } from "../../api/session-state";
import type { Partner, PartnerFields } from "../../api/types";
import { t } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { go, setGuard } from "../../base/route";
import { Button } from "../../kit/button";
import { ask } from "../../kit/dialog";
import { Loading, useLoad } from "../../kit/load";
import { Notice, ProblemNotice, say } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Domain, named } from "../../kit/text";
import { askConflict } from "./conflict";
import {
  addDomains, changesOf, draftOf, EMPTY, fieldNames, fieldsOf, isChanged, labelsOf, tryableOf,
  type Draft,
} from "./draft";
import { PartnerFieldsForm } from "./form";
import { showPath } from "./paths";
import { TestDialog } from "./test";

export function NewPartner() {
  return (
    <Page title={t("form.new")} above={<a href="/partners">{t("partners.title")}</a>}>
      <Editor from={null} />
    </Page>
  );
}

export function EditPartner({ domain }: { domain: string }) {
  const loaded = useLoad(`edit ${domain}`, () => getPartner(domain), ["partners"]);
  const [from, setFrom] = useState<Partner | null>(null); /* what the form began with */
  const now = loaded.data;
  if (now && !from) setFrom(now);
  const name = revealed(now?.["domain-unicode"] ?? domain);
  return (
    <Page
      title={t("form.edit", { name })}
      heading={
        now && named("form.edit", <Domain ascii={now.domain} unicode={now["domain-unicode"]} />)
      }
      above={
        <>
          <a href="/partners">{t("partners.title")}</a> › <a href={showPath(domain)}>{name}</a>
        </>
      }
    >
      <Loading of={loaded} />
      {from && now && now.version !== from.version && (
        <Notice kind="warning">{t("conflict.meanwhile")}</Notice>
      )}
      {from && <Editor key={from.version} from={from} onReload={setFrom} />}
    </Page>
  );
}

interface EditorProps {
  from: Partner | null;
  onReload?: (partner: Partner) => void;
}

function Editor({ from, onReload }: EditorProps) {
  const base = useRef(draftOf(from ?? EMPTY)).current;
  const [draft, setDraft] = useState<Draft>(base);
  const [typed, setTyped] = useState("");
  const [refusals, setRefusals] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [trying, setTrying] = useState<Partial<PartnerFields> | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const labels = useRef(from ? labelsOf(from) : new Map<string, string>()).current;
  const changed = isChanged(base, draft) || typed.trim() !== "";
  useGuard(changed);

  const refuse = (refused: Problem) => {
    if (refused.status === 401) return setBusy(false); /* the sign-in is in front by now */
    const atField = (fieldNames as string[]).includes(refused.field);
    setRefusals(atField ? { [refused.field]: refused.sentence } : {});
    setProblem(atField ? null : refused);
    setBusy(false);
    if (atField) focusField(form.current, refused.field);
  };
  /* What Commit would send; null: it cannot be read, and that has been said. */
  const collect = (): PartnerFields | null => {
    const whole = { ...draft, additional: addDomains(draft.additional, typed).list };
    const fields = fieldsOf(whole);
    if (fields) return fields;
    setRefusals({ "connection-limit": t("partner.connection-limit-fault") });
    focusField(form.current, "connection-limit");
    return null;
  };
  const leave = (partner: Partner) => {
    setGuard(null);
    say(t("form.saved", { name: revealed(partner["domain-unicode"]) }));
    void go(showPath(partner.domain));
  };
  const conflict = async (refused: Problem, changes: Partial<PartnerFields>) => {
    const theirs = await getPartner(from!.domain);
    const answer = await askConflict(refused, theirs, changes);
    setBusy(false);
    if (answer === "reload") {
      onReload?.(theirs);
      say(t("conflict.reloaded"));
    }
    if (answer === "overwrite") await send(theirs, changes);
  };
  const send = async (version: Partner, changes: Partial<PartnerFields>) => {
    setBusy(true);
    try {
      leave(await changePartner(version, changes));
    } catch (thrown) {
      const refused = asProblem(thrown);
      if (refused.status !== 412) refuse(refused);
      else await conflict(refused, changes).catch((again: unknown) => refuse(asProblem(again)));
    }
  };
  const commit = async () => {
    setProblem(null);
    setRefusals({});
    const fields = collect();
    if (!fields) return;
    if (from) {
      const changes = changesOf(from, fields);
      if (Object.keys(changes).length === 0) return leave(from);
      return send(from, changes);
    }
    setBusy(true);
    try {
      leave(await addPartner(fields));
    } catch (thrown) {
      refuse(asProblem(thrown));
    }
  };
  const tryIt = () => {
    const fields = collect();
    if (fields && from) setTrying(tryableOf(changesOf(from, fields)));
  };

  return (
    <form
      ref={form}
      class="partner-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void commit();
      }}
    >
      <ProblemNotice problem={problem} />
      <PartnerFieldsForm
        draft={draft}
        set={(name, value) => setDraft((old) => ({ ...old, [name]: value }))}
        refusals={refusals}
        partner={from}
        labels={labels}
        typed={typed}
        onTyped={setTyped}
      />
      <div class="commit">
        <Button type="submit" kind="primary" busy={busy} disabled={!isAdministrator.value}>
          {t("form.commit")}
        </Button>
        <Button onClick={() => void go(from ? showPath(from.domain) : "/partners")}>
          {t("form.cancel")}
        </Button>
        {from && (
          <Button icon="test" disabled={!isAdministrator.value} onClick={tryIt}>
            {t("form.try")}
          </Button>
        )}
        {changed && <span class="unsaved">{t("form.unsaved")}</span>}
      </div>
      {trying && from && (
        <TestDialog partner={from} fields={trying} onClose={() => setTrying(null)} />
      )}
    </form>
  );
}

function focusField(form: HTMLFormElement | null, name: string): void {
  requestAnimationFrame(() =>
    form
      ?.querySelector<HTMLElement>(`[data-field="${name}"] :is(input, select, textarea)`)
      ?.focus(),
  );
}

function useGuard(changed: boolean): void {
  useEffect(() => {
    setGuard(changed ? mayDiscard : null);
  }, [changed]);
  useEffect(() => () => setGuard(null), []);
}

async function mayDiscard(): Promise<boolean> {
  const answer = await ask(t("discard.title"), <p>{t("discard.text")}</p>, [
    { value: true, text: t("discard.submit"), kind: "danger" },
  ]);
  return answer === true;
}
