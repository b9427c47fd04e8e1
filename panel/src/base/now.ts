/* The present moment, moved on now and then, so that "2 minutes ago" does not stay for an hour. */
import { signal } from "@preact/signals";
import { every } from "./active";

const EVERY_MS = 30000;

export const now = signal(Date.now());

export function keepTime(): void {
  every(EVERY_MS, () => (now.value = Date.now()));
}
