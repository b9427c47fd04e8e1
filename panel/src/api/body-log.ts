/* Is the text of messages being logged?  Known on every page, since whoever looks at one must know. */
import { signal } from "@preact/signals";
import { listen } from "./events";
import { getSettings } from "./settings";

export const logsBodies = signal(false);

async function ask(): Promise<void> {
  try {
    logsBodies.value = (await getSettings())["log-message-bodies"] === true;
  } catch {
    /* what was known is as good as anything; the page itself says that nobody answers */
  }
}

/* Returns how to stop. */
export function watchBodyLog(): () => void {
  void ask();
  return listen((topic) => {
    if (topic === "settings" || topic === "all") void ask();
  });
}
