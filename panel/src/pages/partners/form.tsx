/* The form's fields, in the order in which administrators know them. */
import type { Partner } from "../../api/types";
import { partnerTypes, requirements } from "../../api/types";
import { t } from "../../base/i18n";
import type { Refusals } from "../../kit/act";
import { AreaField, Field, plainText, SelectField, SwitchField, TextField } from "../../kit/field";
import { Domain } from "../../kit/text";
import { DomainsField } from "./domains";
import type { Draft } from "./draft";
import { NegotiationPreview } from "./negotiation";

export interface FormProps {
  draft: Draft;
  set: <K extends keyof Draft>(name: K, value: Draft[K]) => void;
  refusals: Pick<Refusals, "at">;
  partner: Partner | null; /* null: a new one */
  labels: Map<string, string>;
  typed: string;
  onTyped: (text: string) => void;
}

const requirementChoices = () =>
  requirements.map((value) => ({ value, text: t(`requirement.${value}`) }));

export function PartnerFieldsForm(props: FormProps) {
  return (
    <>
      <fieldset>
        <legend>{t("form.who")}</legend>
        <Who {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("form.negotiation")}</legend>
        <Negotiation {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("form.connection")}</legend>
        <Connection {...props} />
      </fieldset>
      <Trust {...props} />
    </>
  );
}

function Who({ draft, set, refusals, partner, labels, typed, onTyped }: FormProps) {
  return (
    <>
      {partner ? (
        <Field name="domain" label={t("partner.domain")} refusal={refusals.at("domain")}>
          {({ id }) => (
            <output id={id}>
              <Domain ascii={partner.domain} unicode={partner["domain-unicode"]} />
            </output>
          )}
        </Field>
      ) : (
        <TextField
          name="domain"
          label={t("partner.domain")}
          help={t("partner.domain-help")}
          refusal={refusals.at("domain")}
          required
          value={draft.domain}
          onChange={(value) => set("domain", value)}
          input={plainText}
        />
      )}
      <AreaField
        name="description"
        label={t("partner.description")}
        refusal={refusals.at("description")}
        value={draft.description}
        onChange={(value) => set("description", value)}
      />
      <DomainsField
        value={draft.additional}
        labels={labels}
        refusal={refusals.at("additional")}
        onChange={(list) => set("additional", list)}
        typed={typed}
        onTyped={onTyped}
      />
      <SelectField
        name="type"
        label={t("partner.type")}
        help={t(`type-help.${draft.type}`)}
        refusal={refusals.at("type")}
        value={draft.type}
        choices={partnerTypes.map((value) => ({ value, text: t(`type.${value}`) }))}
        onChange={(value) => set("type", value)}
      />
    </>
  );
}

function Negotiation({ draft, set, refusals }: FormProps) {
  return (
    <div class="beside">
      <div>
        <SelectField
          name="tls"
          label={t("partner.tls")}
          refusal={refusals.at("tls")}
          value={draft.tls}
          choices={requirementChoices()}
          onChange={(value) => set("tls", value)}
        />
        <SelectField
          name="sasl"
          label={t("partner.sasl")}
          refusal={refusals.at("sasl")}
          value={draft.sasl}
          choices={requirementChoices()}
          onChange={(value) => set("sasl", value)}
        />
        <SwitchField
          name="dialback"
          label={t("partner.dialback")}
          refusal={refusals.at("dialback")}
          value={draft.dialback}
          onChange={(value) => set("dialback", value)}
        />
      </div>
      <NegotiationPreview rules={draft} />
    </div>
  );
}

function Connection({ draft, set, refusals }: FormProps) {
  return (
    <>
      <TextField
        name="connection-limit"
        label={t("partner.connection-limit")}
        help={t("partner.connection-limit-help")}
        refusal={refusals.at("connection-limit")}
        value={draft["connection-limit"]}
        onChange={(value) => set("connection-limit", value)}
        input={{ inputMode: "numeric", placeholder: t("partner.limit-inherited"), class: "short" }}
      />
      <SwitchField
        name="keep-alive"
        label={t("partner.keep-alive")}
        help={t("partner.keep-alive-help")}
        refusal={refusals.at("keep-alive")}
        value={draft["keep-alive"]}
        onChange={(value) => set("keep-alive", value)}
      />
      <TextField
        name="proxy-fqdn"
        label={t("partner.proxy-fqdn")}
        help={t("partner.proxy-fqdn-help")}
        refusal={refusals.at("proxy-fqdn")}
        value={draft["proxy-fqdn"]}
        onChange={(value) => set("proxy-fqdn", value)}
        input={plainText}
      />
      <SwitchField
        name="enabled"
        label={t("partner.enabled")}
        help={t("partner.enabled-help")}
        refusal={refusals.at("enabled")}
        value={draft.enabled}
        onChange={(value) => set("enabled", value)}
      />
    </>
  );
}

function Trust({ draft, set, refusals }: FormProps) {
  const used = draft["trust-anchor"] || draft["pinned-keys"];
  const refused = refusals.at("trust-anchor") || refusals.at("pinned-keys");
  return (
    <details open={!!(used || refused)}>
      <summary>{t("form.trust")}</summary>
      <AreaField
        name="trust-anchor"
        label={t("partner.trust-anchor")}
        help={t("partner.trust-anchor-help")}
        refusal={refusals.at("trust-anchor")}
        rows={4}
        mono
        value={draft["trust-anchor"]}
        onChange={(value) => set("trust-anchor", value)}
      />
      <AreaField
        name="pinned-keys"
        label={t("partner.pinned-keys")}
        help={t("partner.pinned-keys-help")}
        refusal={refusals.at("pinned-keys")}
        mono
        value={draft["pinned-keys"]}
        onChange={(value) => set("pinned-keys", value)}
      />
    </details>
  );
}
