/* Long lists come up part by part: the first screenful at once, the rest while the browser is idle,
 * so that a key press is never behind a thousand rows. */
import { useEffect, useState } from "preact/hooks";

const FIRST = 60;
const PART = 150;

/* How many of `total` to draw now; another `key` begins anew. */
export function useGrowing(total: number, key: string): number {
  const [state, setState] = useState({ key, n: FIRST });
  const n = state.key === key ? state.n : FIRST;
  useEffect(() => {
    if (n >= total) return;
    const timer = setTimeout(() => setState({ key, n: n + PART }), 30);
    return () => clearTimeout(timer);
  }, [n, total, key]);
  return Math.min(n, total);
}
