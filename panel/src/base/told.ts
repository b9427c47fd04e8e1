/* Why an attempt failed and what to do about it: the server says it in English, in words that are
 * fixed but for gaps, and says the reason's name, too.  By the English words of the catalogue the gaps
 * are found, and filled into the reader's own.
 *
 *     "certificate-expired", "The certificate of a.test has expired (on Monday)."
 *     catalogue: "The certificate of {domain} has expired[ ({detail})]."
 *
 * A sentence that is not as the catalogue has it is shown as it was told. */
import { failuresEn } from "../text/failures.en";
import { fill, known, language } from "./i18n";

export type Kind = "reason" | "advice";

const TOKEN = /(\{\w+\}|\[|\])/;

function patternOf(template: string): RegExp {
  const seen = new Set<string>();
  const parts = template.split(TOKEN).map((part) => {
    if (part === "[") return "(?:";
    if (part === "]") return ")?";
    const gap = /^\{(\w+)\}$/.exec(part)?.[1];
    if (!gap) return part.replace(/[.*+?^${}()|\\]/g, "\\$&");
    if (seen.has(gap)) return `\\k<${gap}>`;
    seen.add(gap);
    return `(?<${gap}>.+?)`;
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

/* What is in brackets goes when its gap is empty. */
function filled(template: string, gaps: Record<string, string>): string {
  const whole = template.replace(/\[([^\]]*)\]/g, (_, part: string) =>
    [...part.matchAll(/\{(\w+)\}/g)].every((gap) => gap[1]! in gaps) ? part : "",
  );
  return fill(whole, gaps);
}

export function told(kind: Kind, reason: string | undefined, sentence: string): string {
  const key = kind === "reason" ? `reason.${reason}` : `advice.${reason}`;
  if (language.value === "en" || !(key in failuresEn)) return sentence;
  const found = patternOf(failuresEn[key as keyof typeof failuresEn]).exec(sentence);
  if (!found) return sentence;
  const gaps = Object.entries(found.groups ?? {}).filter(([, text]) => text !== undefined);
  return filled(known(key)!, Object.fromEntries(gaps));
}
