/* Texts that others wrote, apart from ours: isolated in direction, unseen characters shown. */
import type { ComponentChildren } from "preact";
import { reveal } from "../base/reveal";
import { type Key, t } from "../base/i18n";

export function Foreign({ text }: { text: string }) {
  return (
    <bdi>
      {reveal(text).map((piece) =>
        "text" in piece ? piece.text : <span class="code-point">{piece.code}</span>,
      )}
    </bdi>
  );
}

/* A domain as people read it, and beside it as the DNS has it where that differs: "раураl.com" is
 * not "paypal.com". */
export function Domain({ ascii, unicode }: { ascii: string; unicode: string }) {
  return (
    <span class="domain">
      {Foreign({ text: unicode })}
      {unicode !== ascii && (
        <>
          {" "}
          <span class="a-label" title={t("domain.a-label")}>
            {ascii}
          </span>
        </>
      )}
    </span>
  );
}

/* A word that marks what stands before it. */
export function Tag({ children }: { children: ComponentChildren }) {
  return (
    <>
      {" "}
      <span class="tag">{children}</span>
    </>
  );
}

/* A text whose gap "{name}" is filled with more than text: "Edit {name}" with a domain. */
export function named(key: Key, name: ComponentChildren) {
  const [before, after] = t(key).split("{name}");
  return (
    <>
      {before}
      {name}
      {after}
    </>
  );
}
