/* Said where a list of all edges is not whole. */
import type { FromEdges } from "../api/edges";
import { t, tn } from "../base/i18n";
import { Notice } from "./notice";
import { Foreign } from "./text";

export function NotWhole({ of }: { of: FromEdges<unknown> | undefined }) {
  if (!of || (of.silent.length === 0 && of.leftOut === 0)) return null;
  return (
    <Notice kind="warning">
      {of.silent.length > 0 && (
        <p>
          <Foreign text={t("edges.silent", { edges: of.silent.join(", ") })} />
        </p>
      )}
      {of.leftOut > 0 && <p>{tn("edges.left-out", of.leftOut)}</p>}
    </Notice>
  );
}
