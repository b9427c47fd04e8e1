/* The way to a page on partners, above its heading. */
import { t } from "../../base/i18n";
import { showPath } from "./paths";

export function abovePartners() {
  return [t("nav.federation"), <a href="/partners">{t("partners.title")}</a>];
}

/* `name`: as it is read. */
export function aboveOne(domain: string, name: string) {
  return [...abovePartners(), <a href={showPath(domain)}>{name}</a>];
}
