/* Things that are done at a press of a button: asked first where they take something away, told when
 * they are done, and explained when they were refused. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { t } from "../base/i18n";
import { Button, type Kind } from "./button";
import { ask, Dialog } from "./dialog";
import { ProblemNotice, say } from "./notice";

export interface Deed {
  title: string;
  body?: ComponentChildren;
  submit: string;
  kind?: Kind;
  done: string;
  act: () => Promise<unknown>;
}

/* True: it is done. */
export async function askAndDo(deed: Deed): Promise<boolean> {
  const answer = await ask(deed.title, deed.body ?? null, [
    { value: true, text: deed.submit, kind: deed.kind ?? "danger" },
  ]);
  return answer ? doNow(deed) : false;
}

export async function doNow(deed: Pick<Deed, "title" | "done" | "act">): Promise<boolean> {
  try {
    await deed.act();
    say(deed.done);
    return true;
  } catch (thrown) {
    await ask(deed.title, <ProblemNotice problem={asProblem(thrown)} />, []);
    return false;
  }
}

/* What was refused, beside its field where the form has one of that name. */
export interface Refusals {
  at: (field: string) => string | undefined;
  problem: Problem | null; /* of no field */
  busy: boolean;
  /* Undefined: refused. */
  send: <T>(act: () => Promise<T>) => Promise<T | undefined>;
  refuse: (field: string, sentence: string) => void;
  clear: () => void;
}

export function useRefusals(fields: readonly string[]): Refusals {
  const [refused, setRefused] = useState<Problem | { field: string; sentence: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const isBusy = useRef(false);
  const atField = refused !== null && fields.includes(refused.field);
  const put = (next: typeof refused) => {
    setRefused(next);
    if (next && fields.includes(next.field)) focusField(next.field);
  };
  return {
    at: (field) => (atField && refused.field === field ? refused.sentence : undefined),
    problem: refused && !atField ? (refused as Problem) : null,
    busy,
    send: async (act) => {
      if (isBusy.current) return undefined;
      isBusy.current = true;
      setBusy(true);
      setRefused(null);
      try {
        return await act();
      } catch (thrown) {
        const problem = asProblem(thrown);
        if (problem.status !== 401) put(problem); /* else the sign-in is in front by now */
        return undefined;
      } finally {
        isBusy.current = false;
        setBusy(false);
      }
    },
    refuse: (field, sentence) => put({ field, sentence }),
    clear: () => setRefused(null),
  };
}

function focusField(name: string): void {
  requestAnimationFrame(() =>
    [...document.querySelectorAll<HTMLElement>(`[data-field="${name}"] :is(input, select, textarea)`)]
      .at(-1)
      ?.focus(),
  );
}

/* A small form in front of the page. */
export function FormDialog(props: {
  title: string;
  submit: string;
  refusals: Refusals;
  onSubmit: () => void;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        class="stacked"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        <ProblemNotice problem={props.refusals.problem} />
        {props.children}
        <div class="actions end">
          <Button onClick={props.onClose}>{t("dialog.cancel")}</Button>
          <Button type="submit" kind="primary" busy={props.refusals.busy}>
            {props.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
