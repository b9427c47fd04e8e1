/* The few pictures there are; each stands beside a text or on a control that has a label. */
const paths = {
  add: "M8 3v10M3 8h10",
  edit: "M3 13l.7-3L10.5 3.2a1 1 0 0 1 1.4 0l.9.9a1 1 0 0 1 0 1.4L6 12.3z",
  remove: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  refresh: "M13 8a5 5 0 1 1-1.5-3.5M13 2.5v3h-3",
  test: "M5 3.5l7 4.5-7 4.5z",
  diagnose: "M2 8.5h3l1.5-4 3 7.5 1.5-3.5h3",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  close: "M4 4l8 8M12 4l-8 8",
  ok: "M3 8.5l3.2 3.2L13 5",
  failed: "M4 4l8 8M12 4l-8 8",
  skipped: "M4 8h8",
  warning: "M8 2.5l6 11H2zM8 6.5v3.5M8 11.7v.3",
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
