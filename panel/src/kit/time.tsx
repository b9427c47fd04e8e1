/* A moment: as short as one reads it; exact, with the zone, for whoever stops at it. */
import { ago, dateTime, exact } from "../base/format";
import { now } from "../base/now";

/* `relative`: "5 minutes ago". */
export function Time({ at, relative = false }: { at: string; relative?: boolean }) {
  return (
    <time dateTime={at} title={exact(at)}>
      {relative ? ago(at, Math.max(now.value, Date.now())) : dateTime(at)}
    </time>
  );
}
