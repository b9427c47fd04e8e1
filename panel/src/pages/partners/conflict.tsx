/* Two administrators edit the same partner: the second one to commit is told who was first and what
 * differs, and chooses. */
import type { Problem } from "../../api/problem";
import type { Partner, PartnerFields } from "../../api/types";
import { dateTime } from "../../base/format";
import { t, type Key } from "../../base/i18n";
import { ask } from "../../kit/dialog";
import { Foreign } from "../../kit/text";

export function shownValue(name: keyof PartnerFields, fields: PartnerFields): string {
  const value = fields[name];
  if (name === "type") return t(`type.${fields.type}`);
  if (name === "tls" || name === "sasl") return t(`requirement.${fields[name]}`);
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (name === "connection-limit" && value === 0) return t("partner.limit-inherited");
  if (Array.isArray(value)) return value.join(", ") || "–";
  return String(value) || "–";
}

export function labelOf(name: keyof PartnerFields): Key {
  return `partner.${name}`;
}

function Differences(props: {
  problem: Problem;
  theirs: Partner;
  mine: Partial<PartnerFields>;
}) {
  const { problem, theirs, mine } = props;
  const names = Object.keys(mine) as (keyof PartnerFields)[];
  const who = problem.conflict?.who ?? t("conflict.somebody");
  const at = problem.conflict ? dateTime(problem.conflict.at) : "";
  return (
    <>
      <p>
        <Foreign text={t("conflict.who", { who, at })} />
      </p>
      <table class="differences">
        <caption>{t("conflict.differences")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("conflict.field")}</th>
            <th scope="col">{t("conflict.saved")}</th>
            <th scope="col">{t("conflict.yours")}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{t(labelOf(name))}</th>
              <td>
                <Foreign text={shownValue(name, theirs)} />
              </td>
              <td>
                <Foreign text={shownValue(name, { ...theirs, ...mine })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>{t("conflict.choose")}</p>
    </>
  );
}

export function askConflict(
  problem: Problem,
  theirs: Partner,
  mine: Partial<PartnerFields>,
): Promise<"reload" | "overwrite" | null> {
  return ask<"reload" | "overwrite">(
    t("conflict.title"),
    <Differences problem={problem} theirs={theirs} mine={mine} />,
    [
      { value: "overwrite", text: t("conflict.overwrite"), kind: "danger" },
      { value: "reload", text: t("conflict.reload"), kind: "primary" },
    ],
    true,
  );
}
