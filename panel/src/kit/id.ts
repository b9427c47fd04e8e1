/* An id that no other element has; Preact's own useId counts anew in each tree, and dialogs are
 * trees of their own. */
import { useState } from "preact/hooks";

let n = 0;

export function useOwnId(): string {
  return useState(() => `id-${++n}`)[0];
}
