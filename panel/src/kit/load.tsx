/* Data of a page: read when it comes up, again when an event says that it changed. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { listen, type Topic } from "../api/events";
import { asProblem, type Problem } from "../api/problem";
import { every, never, whenActive } from "../base/active";
import { t } from "../base/i18n";
import { ProblemNotice } from "./notice";

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | null;
  busy: boolean;
  reload: () => Promise<void>;
}

const GATHER_MS = 150; /* events come in bursts */

/* `key`: what is read; another key is another thing.  `topics`: the events that make it old. */
export function useLoad<T>(key: string, read: () => Promise<T>, topics: Topic[] = []): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem: Problem | null }>({
    key,
    problem: null,
  });
  const [busy, setBusy] = useState(true);
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    setBusy(true);
    try {
      const data = await read();
      if (mine === turn.current) setState({ key, data, problem: null });
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (mine === turn.current)
        setState((old) => (old.key === key ? { ...old, problem } : { key, problem }));
    }
    if (mine === turn.current) setBusy(false);
  }, [key]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => void reload();
    again();
    const stop = listen((topic) => {
      if (topic !== "all" && !topics.includes(topic)) return;
      clearTimeout(timer);
      timer = setTimeout(() => whenActive(again), GATHER_MS);
    });
    return () => {
      turn.current++;
      clearTimeout(timer);
      never(again);
      stop();
    };
  }, [key]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    problem: current ? state.problem : null,
    busy,
    reload,
  };
}

/* The problem, or that it is being read, or nothing. */
export function Loading({ of }: { of: Loaded<unknown> }) {
  if (of.problem) return <ProblemNotice problem={of.problem} />;
  if (of.data === undefined) return <p aria-busy="true">{t("loading")}</p>;
  return null;
}

/* For what changes without an event for each. */
export function useEvery(ms: number, reload: () => Promise<void>): void {
  useEffect(() => every(ms, () => void reload()), [ms, reload]);
}
