/* Texts from outside, made safe to read: what has no shape of its own, or turns others round, is
 * shown as its code point.  (That it is shown as text and never as HTML, Preact sees to.) */
export type Piece = { text: string } | { code: string };

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\uFE00-\uFE0F\u115F\u1160\u3164]/u;
const MARK = /\p{M}/u;
const MAX_MARKS = 3; /* on one letter: more than any script needs */

const SUSPECT = new RegExp(`${UNSEEN.source}|${MARK.source}`, "u");

export function reveal(text: string): Piece[] {
  if (!SUSPECT.test(text)) return [{ text }];
  const pieces: Piece[] = [];
  let plain = "";
  let marks = 0;
  const flush = () => {
    if (plain) pieces.push({ text: plain });
    plain = "";
  };
  for (const c of text) {
    marks = MARK.test(c) ? marks + 1 : 0;
    if (c === "\n" || c === "\t" || (!UNSEEN.test(c) && marks <= MAX_MARKS)) {
      plain += c;
      continue;
    }
    flush();
    pieces.push({ code: codePoint(c) });
  }
  flush();
  return pieces;
}

function codePoint(c: string): string {
  return `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

/* The same as one string, for titles and labels. */
export function revealed(text: string): string {
  return reveal(text)
    .map((piece) => ("text" in piece ? piece.text : `[${piece.code}]`))
    .join("");
}
