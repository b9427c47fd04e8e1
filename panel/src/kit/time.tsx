/* A moment: as short as one reads it; exact, with the zone, for whoever stops at it. */
import { ago, dateTime, exact } from "../base/format";

/* `relative`: "5 minutes ago". */
export function Time({ at, relative = false }: { at: string; relative?: boolean }) {
  return (
    <time dateTime={at} title={exact(at)}>
      {relative ? ago(at) : dateTime(at)}
    </time>
  );
}
