/* Buttons and links that look like them.  A busy button can be focused still, and does nothing. */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

export type Kind = "primary" | "secondary" | "danger" | "quiet";

interface Look {
  kind?: Kind;
  icon?: IconName;
  children?: ComponentChildren;
  label?: string; /* of a button that is a picture only, or whose text needs its row */
}

function inside({ icon, children }: Look) {
  return (
    <>
      {icon && Icon({ name: icon })}
      {children && <span>{children}</span>}
    </>
  );
}

export function Button(
  props: Look & {
    onClick?: () => void;
    type?: "button" | "submit";
    busy?: boolean;
    disabled?: boolean;
    pressed?: boolean;
  },
) {
  const { kind = "secondary", busy = false } = props;
  return (
    <button
      type={props.type ?? "button"}
      class={`button ${kind}${props.children ? "" : " bare"}`}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      aria-label={props.label}
      aria-pressed={props.pressed}
      title={props.children ? undefined : props.label}
      disabled={props.disabled}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else props.onClick?.();
      }}
    >
      {inside(props)}
    </button>
  );
}

export function ButtonLink(props: Look & { href: string }) {
  const { kind = "secondary" } = props;
  return (
    <a
      class={`button ${kind}${props.children ? "" : " bare"}`}
      href={props.href}
      aria-label={props.label}
      title={props.children ? undefined : props.label}
    >
      {inside(props)}
    </a>
  );
}
