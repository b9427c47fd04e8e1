/* What the three negotiation settings come to, from the server's own function, as they change. */
import { useEffect, useState } from "preact/hooks";
import { previewNegotiation } from "../../api/partners";
import { asProblem } from "../../api/problem";
import type { Negotiation, PartnerFields } from "../../api/types";
import { served, t } from "../../base/i18n";
import { Icon } from "../../kit/icon";

export type Rules = Pick<PartnerFields, "tls" | "sasl" | "dialback">;

export function NegotiationPreview({ rules }: { rules: Rules }) {
  const [told, setTold] = useState<Negotiation | null>(null);
  const { tls, sasl, dialback } = rules;
  useEffect(() => {
    const stop = new AbortController();
    previewNegotiation({ tls, sasl, dialback }, stop.signal).then(setTold, (thrown: unknown) => {
      if (!stop.signal.aborted && asProblem(thrown).status !== 401) setTold(null);
    });
    return () => stop.abort();
  }, [tls, sasl, dialback]);
  return (
    <div class={`preview${told && !told.valid ? " invalid" : ""}`} role="status">
      <h2>{t("negotiation.title")}</h2>
      {told && <Outcome of={told} />}
    </div>
  );
}

export function Outcome({ of }: { of: Pick<Negotiation, "valid" | "methods" | "note" | "refusal"> }) {
  if (!of.valid)
    return (
      <p class="refusal">
        <Icon name="warning" /> {served(of.refusal)}
      </p>
    );
  return (
    <>
      <Methods methods={of.methods} />
      {of.note && <p class="note">{served(of.note)}</p>}
    </>
  );
}

export function Methods({ methods }: { methods: string[] }) {
  return (
    <ol class="methods" aria-label={t("negotiation.best-first")}>
      {methods.map((method) => (
        <li key={method}>{served(method)}</li>
      ))}
    </ol>
  );
}
