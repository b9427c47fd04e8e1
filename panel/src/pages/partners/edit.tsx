/* A partner made or changed.  Commit sends what changed, under the version that was read; a refusal
 * is shown beside its field and nothing is saved; Cancel and every other way out ask first when
 * something would be lost. */
import { useRef, useState } from "preact/hooks";
import { addPartner, changePartner, getPartner } from "../../api/partners";
import { asProblem } from "../../api/problem";
import { isAdministrator } from "../../api/session-state";
import type { Partner, PartnerFields } from "../../api/types";
import { t } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { go, setGuard } from "../../base/route";
import { useRefusals } from "../../kit/act";
import { Button } from "../../kit/button";
import { useGuard } from "../../kit/guard";
import { Loading, useLoad } from "../../kit/load";
import { Notice, ProblemNotice, say } from "../../kit/notice";
import { Page } from "../../kit/page";
import { Domain, named } from "../../kit/text";
import { aboveOne, abovePartners } from "./above";
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
    <Page title={t("form.new")} above={abovePartners()}>
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
      above={aboveOne(domain, name)}
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

function Editor(props: EditorProps) {
  if (!isAdministrator.value) return <Notice kind="info">{t("form.administrators")}</Notice>;
  return <Form {...props} />;
}

/* Undefined: another was faster, and the reader chose not to overwrite his work. */
async function change(
  version: Partner,
  changes: Partial<PartnerFields>,
  onReload: EditorProps["onReload"],
): Promise<Partner | undefined> {
  try {
    return await changePartner(version, changes);
  } catch (thrown) {
    const refused = asProblem(thrown);
    if (refused.status !== 412) throw refused;
    const theirs = await getPartner(version.domain);
    const answer = await askConflict(refused, theirs, changes);
    if (answer === "overwrite") return change(theirs, changes, onReload);
    if (answer === "reload") {
      onReload?.(theirs);
      say(t("conflict.reloaded"));
    }
    return undefined;
  }
}

function Form({ from, onReload }: EditorProps) {
  const base = useRef(draftOf(from ?? EMPTY)).current;
  const [draft, setDraft] = useState<Draft>(base);
  const [typed, setTyped] = useState("");
  const [trying, setTrying] = useState<Partial<PartnerFields> | null>(null);
  const refusals = useRefusals(fieldNames);
  const labels = useRef(from ? labelsOf(from) : new Map<string, string>()).current;
  const changed = isChanged(base, draft) || typed.trim() !== "";
  useGuard(changed);

  /* What Commit would send; null: it cannot be read, and that has been said. */
  const collect = (): PartnerFields | null => {
    const whole = { ...draft, additional: addDomains(draft.additional, typed).list };
    const fields = fieldsOf(whole);
    if (!fields) refusals.refuse("connection-limit", t("partner.connection-limit-fault"));
    return fields;
  };
  const leave = (partner: Partner) => {
    setGuard(null);
    say(t("form.saved", { name: revealed(partner["domain-unicode"]) }));
    void go(showPath(partner.domain));
  };
  const commit = async () => {
    refusals.clear();
    const fields = collect();
    if (!fields) return;
    const changes = from ? changesOf(from, fields) : {};
    if (from && Object.keys(changes).length === 0) return leave(from);
    const saved = await refusals.send(() => (from ? change(from, changes, onReload) : addPartner(fields)));
    if (saved) leave(saved);
  };
  const tryIt = () => {
    refusals.clear();
    const fields = collect();
    if (fields && from) setTrying(tryableOf(changesOf(from, fields)));
  };

  return (
    <form
      class="partner-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void commit();
      }}
    >
      <ProblemNotice problem={refusals.problem} />
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
        <Button type="submit" kind="primary" busy={refusals.busy}>
          {t("form.commit")}
        </Button>
        <Button onClick={() => void go(from ? showPath(from.domain) : "/partners")}>
          {t("form.cancel")}
        </Button>
        {from && (
          <Button icon="test" onClick={tryIt}>
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
