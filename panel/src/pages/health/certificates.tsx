/* The certificates that the edges show, and reading them anew after they were renewed; what came of
 * that is told for each file. */
import { reloadCertificates, type Certificate, type Health } from "../../api/health";
import { isAdministrator } from "../../api/session-state";
import { served, t, tn } from "../../base/i18n";
import { useRefusals } from "../../kit/act";
import { Button } from "../../kit/button";
import { ask } from "../../kit/dialog";
import { Notice, ProblemNotice } from "../../kit/notice";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";

const SOON_DAYS = 30; /* from then on it is warned of */

const columns: Column<Certificate>[] = [
  {
    title: "health.covers",
    kind: "name",
    by: (one) => one.covers.join(" "),
    cell: (one) => <Foreign text={one.covers.join(", ") || "–"} />,
  },
  {
    title: "health.expires",
    by: (one) => one["days-left"],
    cell: (one) => (
      <>
        <span class={one["days-left"] > SOON_DAYS ? "" : "may-not"}>
          {tn("health.days", one["days-left"])}
        </span>
        <br />
        <small>
          <Time at={one["not-after"]} />
        </small>
      </>
    ),
  },
  { title: "health.issuer", kind: "name", cell: (one) => <Foreign text={one.issuer || "–"} /> },
  {
    title: "health.warnings",
    kind: "name",
    cell: (one) => <Foreign text={one.warnings.join("; ") || "–"} />,
  },
  { title: "health.file", kind: "name", cell: (one) => <Foreign text={one.file} /> },
];

async function reload(then: () => Promise<void>): Promise<void> {
  const { reloaded, silent } = await reloadCertificates();
  await then();
  await ask(
    t("reload.title"),
    <>
      <ul>
        {reloaded.map((one) => (
          <li key={`${one.edge} ${one.file}`}>
            <strong class={one.result === "refused" ? "may-not" : ""}>
              {served(one.result)}
            </strong>
            {": "}
            <Foreign text={`${one.file}: ${served(one.sentence)}`} />
          </li>
        ))}
      </ul>
      {silent.length > 0 && (
        <Notice kind="warning">
          <Foreign text={t("reload.silent", { edges: silent.join(", ") })} />
        </Notice>
      )}
    </>,
    [],
  );
}

export function Certificates({ health, then }: { health: Health; then: () => Promise<void> }) {
  const { busy, problem, send } = useRefusals([]);
  return (
    <section>
      <div class="section-head">
        <h2>{t("health.certificates")}</h2>
        {isAdministrator.value && (
          <Button icon="refresh" busy={busy} onClick={() => void send(() => reload(then))}>
            {t("reload.submit")}
          </Button>
        )}
      </div>
      <ProblemNotice problem={problem} />
      {health.uncovered.length > 0 && (
        <Notice kind="warning">
          {t("health.uncovered")} <Foreign text={health.uncovered.join(", ")} />
        </Notice>
      )}
      <Table
        caption={t("health.certificates")}
        columns={columns}
        rows={health.certificates}
        rowKey={(one) => `${one.edge} ${one.file}`}
        empty={t("health.no-certificates")}
      />
    </section>
  );
}
