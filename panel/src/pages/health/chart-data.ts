/* What a chart draws and says: lines with gaps, and the same in words. */
import type { Sample } from "../../api/health";

export const WIDTH = 320;
export const HEIGHT = 80;

export interface Point {
  x: number; /* 0..1 of the time shown */
  y: number | null; /* null: a gap */
}

export function pointsOf(samples: Sample[], series: string, from: number, to: number): Point[] {
  return samples.map((sample) => {
    const value = sample[series];
    const x = (new Date(sample.at).getTime() - from) / Math.max(1, to - from);
    return { x, y: typeof value === "number" ? value : null };
  });
}

export interface Summary {
  least: number;
  most: number;
  last: number | null; /* null: the last is a gap */
}

/* null: nothing but gaps. */
export function summaryOf(points: Point[]): Summary | null {
  const values = points.map((point) => point.y).filter((y): y is number => y !== null);
  if (values.length === 0) return null;
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { least, most, last: points.at(-1)!.y };
}

/* An SVG path; a lone point is a short line, so that it can be seen. */
export function pathOf(points: Point[], most: number): string {
  const scale = most > 0 ? most : 1;
  let path = "";
  let pen = false;
  for (const { x, y } of points) {
    if (y === null) {
      pen = false;
      continue;
    }
    const at = `${(x * WIDTH).toFixed(1)} ${(HEIGHT - (y / scale) * HEIGHT).toFixed(1)}`;
    path += pen ? `L${at}` : `M${at}h1`;
    pen = true;
  }
  return path;
}

export interface Line {
  name: string; /* "messages.x2s.taken" */
  value: number;
}

/* Counters of any depth, one line each. */
export function linesOf(counters: unknown, prefix = ""): Line[] {
  if (typeof counters === "number") return [{ name: prefix, value: counters }];
  if (typeof counters !== "object" || !counters) return [];
  return Object.entries(counters).flatMap(([name, value]) =>
    linesOf(value, prefix ? `${prefix}.${name}` : name),
  );
}
