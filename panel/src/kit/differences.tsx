/* Differences as a table: what was, what is; in lists, what came and what went. */
import { listParts, valueText, type Difference } from "../base/diff";
import { known, t } from "../base/i18n";
import { Foreign } from "./text";

function fieldName(field: string): string {
  return known(`partner.${field}`) ?? known(`setting.${field}`) ?? known(`field.${field}`) ?? field;
}

function Value({ value }: { value: unknown }) {
  if (typeof value === "boolean") return <>{value ? t("yes") : t("no")}</>;
  const texts = valueText(value).split("\n");
  return (
    <>
      {texts.map((text, i) => (
        <div key={i}>
          <Foreign text={text} />
        </div>
      ))}
    </>
  );
}

function After({ one }: { one: Difference }) {
  const parts = listParts(one.before, one.after);
  if (!parts) return <Value value={one.after} />;
  const changed = parts.filter((part) => part.sign !== " ");
  if (changed.length === 0) return <Value value={one.after} />; /* another order */
  return (
    <>
      {changed.map((part) => (
        <div key={`${part.sign}${part.text}`}>
          {part.sign === "+" ? (
            <ins>
              + <Foreign text={part.text} />
            </ins>
          ) : (
            <del>
              − <Foreign text={part.text} />
            </del>
          )}
        </div>
      ))}
    </>
  );
}

export function Differences({ of, caption }: { of: Difference[]; caption: string }) {
  if (of.length === 0) return <p class="empty">{t("diff.none")}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="diff">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t("conflict.field")}</th>
            <th scope="col">{t("diff.before")}</th>
            <th scope="col">{t("diff.after")}</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={one.field}>
              <th scope="row">
                <Foreign text={fieldName(one.field)} />
              </th>
              <td>
                <Value value={one.before} />
              </td>
              <td>
                <After one={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
