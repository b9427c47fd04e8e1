/* A page: its heading takes the focus when the page comes up, so that whoever cannot see it hears
 * where he is, and its title is the window's. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../base/i18n";
import { revealed } from "../base/reveal";

let isFirst = true; /* the first page is where the reader came to; nothing moved him there */

export function Page(props: {
  title: string;
  heading?: ComponentChildren;
  above?: ComponentChildren[]; /* the way here, from the navigation's group on */
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) ref.current?.focus();
    isFirst = false;
  }, []);
  useEffect(() => {
    document.title = `${revealed(props.title)} – ${t("product")}`;
  });
  return (
    <>
      <header class="page-head">
        <div>
          {props.above && <p class="above">{props.above.map(behind)}</p>}
          <h1 ref={ref} tabIndex={-1}>
            {props.heading ?? props.title}
          </h1>
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

function behind(part: ComponentChildren, i: number) {
  return (
    <span key={i}>
      {i > 0 && " › "}
      {part}
    </span>
  );
}
