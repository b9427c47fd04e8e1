/* What the server says of contacts, in the reader's language. */
import { known, t } from "../../base/i18n";

/* "event.message-in"; one that the catalogue does not know is shown as it is. */
export function word(key: string): string {
  return known(key) ?? key.slice(key.indexOf(".") + 1);
}

/* A subscription as told: {"state","consented","since"}. */
export function sightText(sight: unknown): string {
  if (typeof sight !== "object" || !sight) return "–";
  const { state } = sight as { state?: unknown };
  return typeof state === "string" ? word(`sight.${state}`) : t("yes");
}

export const pairPattern = "/contacts/{user}/{contact}";
