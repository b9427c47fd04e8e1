/* The additional domains: a list to which one adds by typing or by pasting many at once. */
import { useRef, useState } from "preact/hooks";
import { t, tn } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { Button } from "../../kit/button";
import { Field } from "../../kit/field";
import { Domain } from "../../kit/text";
import { addDomains } from "./draft";

export function DomainsField(props: {
  value: string[];
  labels: Map<string, string>;
  refusal?: string | undefined;
  onChange: (list: string[]) => void;
  typed: string; /* not added yet; Commit adds it */
  onTyped: (text: string) => void;
}) {
  const [told, setTold] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const add = (text: string) => {
    const { list: next, added, known } = addDomains(props.value, text);
    props.onChange(next);
    props.onTyped("");
    setTold(
      [tn("domains.added", added), known > 0 ? tn("domains.known", known) : ""].join(" ").trim(),
    );
  };
  const remove = (domain: string, i: number) => {
    props.onChange(props.value.filter((one) => one !== domain));
    setTold(t("domains.removed", { domain: revealed(domain) }));
    /* The focus goes to the next one's button, or to where one adds. */
    requestAnimationFrame(() => {
      const buttons = list.current?.querySelectorAll("button") ?? [];
      const next = buttons[Math.min(i, buttons.length - 1)];
      (next ?? list.current?.parentElement?.querySelector("input"))?.focus();
    });
  };
  return (
    <Field
      name="additional"
      label={t("partner.additional")}
      help={t("domains.help")}
      refusal={props.refusal}
    >
      {(ties) => (
        <div class="domains">
          <ul ref={list} aria-label={t("partner.additional")} hidden={props.value.length === 0}>
            {props.value.map((domain, i) => (
              <li key={domain}>
                <Domain ascii={domain} unicode={props.labels.get(domain) ?? domain} />
                <Button
                  kind="quiet"
                  icon="close"
                  label={t("domains.remove", { domain: revealed(domain) })}
                  onClick={() => remove(domain, i)}
                />
              </li>
            ))}
          </ul>
          <div class="add">
            <input
              type="text"
              {...ties}
              spellcheck={false}
              autocapitalize="none"
              autocomplete="off"
              placeholder={t("domains.hint")}
              value={props.typed}
              onInput={(event) => props.onTyped(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || !props.typed.trim()) return;
                event.preventDefault();
                add(props.typed);
              }}
              onPaste={(event) => {
                const text = event.clipboardData?.getData("text") ?? "";
                if (!/[\s,;]/.test(text.trim())) return; /* one: it may be corrected first */
                event.preventDefault();
                add(`${props.typed} ${text}`);
              }}
            />
            <Button icon="add" disabled={!props.typed.trim()} onClick={() => add(props.typed)}>
              {t("domains.add")}
            </Button>
          </div>
          <p class="unseen" role="status">
            {told}
          </p>
        </div>
      )}
    </Field>
  );
}
