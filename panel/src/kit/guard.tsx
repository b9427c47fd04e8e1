/* A form with unsaved changes asks before it is left. */
import { useEffect } from "preact/hooks";
import { t } from "../base/i18n";
import { setGuard } from "../base/route";
import { ask } from "./dialog";

/* True: they may be lost. */
export async function askDiscard(): Promise<boolean> {
  const answer = await ask(t("discard.title"), <p>{t("discard.text")}</p>, [
    { value: true, text: t("discard.submit"), kind: "danger" },
  ]);
  return answer === true;
}

export function useGuard(changed: boolean): void {
  useEffect(() => {
    setGuard(changed ? askDiscard : null);
  }, [changed]);
  useEffect(() => () => setGuard(null), []);
}
