/* Differences as a table: what was, what is; in lists, what came and what went. */
import { listParts, valueText, type Difference } from "../base/diff";
import { known, t } from "../base/i18n";
import { Foreign } from "./text";

export function fieldName(field: string): string {
  return known(`partner.${field}`) ?? known(`setting.${field}`) ?? known(`field.${field}`) ?? field;
}

/* Words of the API, as the forms have them. */
function wordOf(field: string, text: string): string {
  if (field === "tls" || field === "sasl") return known(`requirement.${text}`) ?? text;
  if (field === "type") return known(`type.${text}`) ?? text;
  return field === "role" ? (known(`role-name.${text}`) ?? text) : text;
}

function Value({ field, value }: { field: string; value: unknown }) {
  if (typeof value === "boolean") return <>{value ? t("yes") : t("no")}</>;
  const texts = wordOf(field, valueText(value)).split("\n");
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
  if (!parts) return <Value field={one.field} value={one.after} />;
  const changed = parts.filter((part) => part.sign !== " ");
  if (changed.length === 0) return <Value field={one.field} value={one.after} />; /* another order */
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
                <Value field={one.field} value={one.before} />
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
