/* A modal dialog: the browser's own, which keeps the focus inside, closes with Escape and gives the
 * focus back. */
import type { ComponentChildren } from "preact";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../base/i18n";
import { Button, type Kind } from "./button";
import { useOwnId } from "./id";

export function Dialog(props: {
  title: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
  footer?: ComponentChildren;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useOwnId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => {
      ref.current?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={props.wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <article>
        <header>
          <h2 id={id}>{props.title}</h2>
        </header>
        <div class="dialog-body">{props.children}</div>
        {props.footer && <footer>{props.footer}</footer>}
      </article>
    </dialog>
  );
}

export interface Choice<T> {
  value: T;
  text: string;
  kind?: Kind;
}

/* Asks; the answer is the choice that was taken, null when it was closed.  The last choice is the
 * main one, at the place where one looks for it. */
export function ask<T>(
  title: string,
  body: ComponentChildren,
  choices: Choice<T>[],
  wide = false,
): Promise<T | null> {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    document.body.append(place);
    const end = (answer: T | null) => {
      render(null, place);
      place.remove();
      resolve(answer);
    };
    const footer = (
      <>
        <Button onClick={() => end(null)}>
          {t(choices.length ? "dialog.cancel" : "dialog.close")}
        </Button>
        {choices.map((choice) => (
          <Button key={choice.text} kind={choice.kind ?? "secondary"} onClick={() => end(choice.value)}>
            {choice.text}
          </Button>
        ))}
      </>
    );
    render(
      <Dialog title={title} onClose={() => end(null)} footer={footer} wide={wide}>
        {body}
      </Dialog>,
      place,
    );
  });
}
