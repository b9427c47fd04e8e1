/* One partner: its settings, its streams at this moment, and why attempts failed. */
import { getPartner, listAttempts, listStreams } from "../../api/partners";
import { isAdministrator } from "../../api/session-state";
import type { Partner } from "../../api/types";
import { t } from "../../base/i18n";
import { revealed } from "../../base/reveal";
import { go } from "../../base/route";
import { Button, ButtonLink } from "../../kit/button";
import { Loading, useEvery, useLoad } from "../../kit/load";
import { Notice } from "../../kit/notice";
import { Page } from "../../kit/page";
import { NotWhole } from "../../kit/silent";
import { Domain, Foreign } from "../../kit/text";
import { StreamTable } from "../streams/table";
import { abovePartners } from "./above";
import { labelOf, shownValue } from "./conflict";
import { labelsOf } from "./draft";
import { Outcome } from "./negotiation";
import { editPath, testPath } from "./paths";
import { removeThen } from "./remove";
import { startTestOf } from "./test";
import { Timeline } from "./timeline";

const EVERY_MS = 10000;

export function ShowPartner({ domain }: { domain: string }) {
  const loaded = useLoad(`show ${domain}`, () => getPartner(domain), ["partners"]);
  const partner = loaded.data;
  return (
    <Page
      title={revealed(partner?.["domain-unicode"] ?? domain)}
      heading={
        partner && <Domain ascii={partner.domain} unicode={partner["domain-unicode"]} />
      }
      above={abovePartners()}
      actions={partner && isAdministrator.value && <Actions partner={partner} />}
    >
      <Loading of={loaded} />
      {partner && (
        <>
          {!partner.enabled && <Notice kind="info">{t("show.off")}</Notice>}
          <Settings partner={partner} />
          <Streams domain={domain} />
          <Attempts domain={domain} />
        </>
      )}
    </Page>
  );
}

function Actions({ partner }: { partner: Partner }) {
  const { domain } = partner;
  return (
    <>
      <ButtonLink href={editPath(domain)} kind="primary" icon="edit">
        {t("partners.edit")}
      </ButtonLink>
      <Button
        icon="test"
        onClick={() => {
          startTestOf(domain);
          void go(testPath(domain));
        }}
      >
        {t("partners.test")}
      </Button>
      <Button
        icon="remove"
        onClick={() => void removeThen(partner, () => go("/partners"))}
      >
        {t("partners.remove")}
      </Button>
    </>
  );
}

/* Shown when they say something. */
const textFields = ["proxy-fqdn", "trust-anchor", "pinned-keys"] as const;
const shownFields = [
  "type", "tls", "sasl", "dialback", "connection-limit", "keep-alive", "proxy-fqdn",
  "enabled", "trust-anchor", "pinned-keys",
] as const;

function isShown(name: (typeof shownFields)[number], partner: Partner): boolean {
  const text = textFields.find((one) => one === name);
  return !text || partner[text].length > 0;
}

function Settings({ partner }: { partner: Partner }) {
  const labels = labelsOf(partner);
  const shown = shownFields.filter((name) => isShown(name, partner));
  return (
    <section>
      <h2>{t("show.settings")}</h2>
      <dl class="properties">
        {partner.description && (
          <div class="whole">
            <dt>{t("partner.description")}</dt>
            <dd>
              <Foreign text={partner.description} />
            </dd>
          </div>
        )}
        {partner.additional.length > 0 && (
          <div class="whole">
            <dt>{t("partner.additional")}</dt>
            <dd class="names">
              {partner.additional.map((one) => (
                <Domain key={one} ascii={one} unicode={labels.get(one) ?? one} />
              ))}
            </dd>
          </div>
        )}
        {shown.map((name) => (
          <div key={name} class={name === "trust-anchor" ? "whole" : ""}>
            <dt>{t(labelOf(name))}</dt>
            <dd class={name === "trust-anchor" ? "pem" : ""}>
              <Foreign text={shownValue(name, partner)} />
            </dd>
          </div>
        ))}
        <div class="whole">
          <dt>{t("negotiation.title")}</dt>
          <dd>
            <Outcome of={{ valid: true, methods: partner.methods, note: partner.note, refusal: "" }} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Streams({ domain }: { domain: string }) {
  const loaded = useLoad(`streams ${domain}`, () => listStreams(domain), ["streams", "partners"]);
  useEvery(EVERY_MS, loaded.reload);
  return (
    <section>
      <h2>{t("show.streams")}</h2>
      <Loading of={loaded} />
      <NotWhole of={loaded.data} />
      {loaded.data && <StreamTable streams={loaded.data.items} then={loaded.reload} ofOne />}
    </section>
  );
}

function Attempts({ domain }: { domain: string }) {
  const loaded = useLoad(`attempts ${domain}`, () => listAttempts(domain), ["streams"]);
  useEvery(EVERY_MS, loaded.reload);
  return (
    <section>
      <h2>{t("timeline.title")}</h2>
      <Loading of={loaded} />
      {loaded.data && <Timeline attempts={loaded.data} />}
    </section>
  );
}
