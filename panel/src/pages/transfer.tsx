/* Import and export: everything as a file, and files taken in after a look at what they would do. */
import { useState } from "preact/hooks";
import { exportAll, importDocument, textOfFile, type Imported, type ImportRow, type Source } from "../api/transfer";
import { asProblem } from "../api/problem";
import { isAdministrator } from "../api/session-state";
import { derived, differences, valueText } from "../base/diff";
import { known, served, t } from "../base/i18n";
import { doNow, useRefusals } from "../kit/act";
import { Button } from "../kit/button";
import { fieldName } from "../kit/differences";
import { Field, SelectField, SwitchField } from "../kit/field";
import { ProblemNotice, say } from "../kit/notice";
import { Page } from "../kit/page";
import { Table, type Column } from "../kit/table";
import { Foreign } from "../kit/text";
import type { PageRow } from "./registry";

async function download(): Promise<void> {
  const text = JSON.stringify(await exportAll(), null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "causeway.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function TransferPage() {
  const act = () => doNow({ title: t("export.title"), done: t("export.done"), act: download });
  return (
    <Page title={t("transfer.title")} above={[t("nav.system")]}>
      <section class="panel-box">
        <h2>{t("export.title")}</h2>
        <p>{t("export.text")}</p>
        <Button onClick={() => void act()}>{t("export.submit")}</Button>
      </section>
      {isAdministrator.value && <Import />}
    </Page>
  );
}

/* "TLS: Required → Optional" */
function Changes({ of }: { of: ImportRow }) {
  if (of.result !== "changed") return <>–</>;
  return (
    <>
      {differences(of.before, of.after, derived).map((one) => (
        <div key={one.field}>
          <Foreign text={`${fieldName(one.field)}: ${onOneLine(one.before)} → ${onOneLine(one.after)}`} />
        </div>
      ))}
    </>
  );
}

function onOneLine(value: unknown): string {
  return valueText(value).replaceAll("\n", ", ");
}

const columns: Column<ImportRow>[] = [
  { title: "import.kind", by: (row) => row.kind, cell: (row) => <Foreign text={known(`kind.${row.kind}`) ?? row.kind} /> },
  { title: "import.name", kind: "name", by: (row) => row.name, cell: (row) => <Foreign text={row.name || "–"} /> },
  {
    title: "import.result",
    by: (row) => row.result,
    cell: (row) => (
      <span class={row.result === "refused" ? "may-not" : ""}>{t(`import.result.${row.result}`)}</span>
    ),
  },
  { title: "import.changes", kind: "name", cell: (row) => <Changes of={row} /> },
  { title: "import.streams", kind: "number", by: (row) => row.streams ?? -1, cell: (row) => row.streams ?? "–" },
  { title: "rules.reason", kind: "name", cell: (row) => <Foreign text={served(row.sentence) || "–"} /> },
];

function Import() {
  const [source, setSource] = useState<Source>("causeway");
  const [file, setFile] = useState<File | null>(null);
  const [replace, setReplace] = useState(false);
  const [partial, setPartial] = useState(false);
  const [preview, setPreview] = useState<{ document: string; told: Imported } | null>(null);
  const refusals = useRefusals(["document"]);
  const other = () => {
    setPreview(null); /* it was of something else */
    refusals.clear();
  };
  const look = async () => {
    if (!file) return refusals.refuse("document", t("field.missing"));
    await refusals.send(async () => {
      const document = textOfFile(new Uint8Array(await file.arrayBuffer()));
      if (document === null) return refusals.refuse("document", t("import.not-text"));
      const told = await importDocument(source, document, { replace, partial, seen: null });
      setPreview({ document, told });
    });
  };
  const take = async () => {
    const { document, told } = preview!;
    const done = await refusals.send(async () => {
      try {
        return await importDocument(source, document, { replace, partial, seen: told });
      } catch (thrown) {
        if (asProblem(thrown).status === 412) setPreview(null); /* it does not hold any more */
        throw thrown;
      }
    });
    if (!done) return;
    setPreview({ document, told: done });
    say(t(done.saved ? "import.done" : "import.not-done"));
  };
  return (
    <section>
      <h2>{t("import.title")}</h2>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <SelectField
          name="source"
          label={t("import.source")}
          help={t(`import.help.${source}`)}
          value={source}
          choices={(["causeway", "lync"] as const).map((value) => ({ value, text: t(`import.source.${value}`) }))}
          onChange={(value) => {
            setSource(value);
            other();
          }}
        />
        <Field name="document" label={t("import.file")} required refusal={refusals.at("document")}>
          {(ties) => (
            <input
              {...ties}
              type="file"
              onChange={(event) => {
                setFile(event.currentTarget.files?.[0] ?? null);
                other();
              }}
            />
          )}
        </Field>
        {source === "causeway" && (
          <SwitchField name="mode" label={t("import.replace")} help={t("import.replace-help")} value={replace} onChange={(value) => { setReplace(value); other(); }} />
        )}
        <SwitchField name="partial" label={t("import.partial")} help={t("import.partial-help")} value={partial} onChange={(value) => { setPartial(value); other(); }} />
        <ProblemNotice problem={refusals.problem} />
        <Button type="submit" kind={preview ? "secondary" : "primary"} busy={refusals.busy}>{t("import.look")}</Button>
      </form>
      {preview && <Preview told={preview.told} partial={partial} busy={refusals.busy} onTake={() => void take()} />}
    </section>
  );
}

function Preview(props: { told: Imported; partial: boolean; busy: boolean; onTake: () => void }) {
  const { told } = props;
  const changes = told.counts.new + told.counts.changed + told.counts.removed;
  const may = !told.saved && changes > 0 && (told.counts.refused === 0 || props.partial);
  return (
    <section class="import-preview">
      <h3>{t(told.saved ? "import.was" : "import.would")}</h3>
      <p role="status">{t("import.counts", { ...told.counts })}</p>
      {!told.saved && told.counts.refused > 0 && !props.partial && <p>{t("import.refused")}</p>}
      {may && (
        <p>
          <Button kind="primary" busy={props.busy} onClick={props.onTake}>
            {t("import.submit")}
          </Button>
        </p>
      )}
      <Table caption={t("import.title")} columns={columns} rows={told.rows} rowKey={(row) => `${row.kind} ${row.name} ${row.result} ${row.sentence}`} empty={t("import.empty")} />
    </section>
  );
}

export const transferPages: PageRow[] = [
  { path: "/transfer", page: TransferPage, nav: { group: "nav.system", title: "transfer.title" } },
];
