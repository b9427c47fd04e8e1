/* What is known of partners at this moment: their streams and their last failure, all in one
 * request. */
import { useRef } from "preact/hooks";
import { listStates } from "../../api/partners";
import type { PartnerState } from "../../api/types";
import { useEvery, useLoad } from "../../kit/load";

const EVERY_MS = 10000; /* streams come and go without an event for each */

/* By primary domain; of a partner that is not there nothing is known that could be told. */
export type States = Map<string, PartnerState>;

/* The old ones where nothing changed: rows that show the same are not drawn again. */
export function keepSame(old: States, next: PartnerState[]): States {
  const kept = next.map((state): [string, PartnerState] => {
    const before = old.get(state.partner);
    return [state.partner, JSON.stringify(before) === JSON.stringify(state) ? before! : state];
  });
  return new Map(kept);
}

/* `now` is null until they are known, and when nobody tells. */
export function useStates() {
  const kept = useRef<States>(new Map());
  const loaded = useLoad(
    "states",
    async () => {
      const told = await listStates();
      kept.current = keepSame(kept.current, told.items);
      return told;
    },
    ["streams", "partners"],
  );
  useEvery(EVERY_MS, loaded.reload);
  return {
    now: loaded.data && !loaded.problem ? kept.current : null,
    told: loaded.data,
    refresh: loaded.reload,
    problem: loaded.problem?.sentence,
  };
}
