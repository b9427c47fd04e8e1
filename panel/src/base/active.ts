/* Is anybody there?  What the panel reads by itself must not keep a session alive that nobody uses:
 * when nobody has touched anything for a while, or the window is hidden, it waits for him. */
const QUIET_MS = 5 * 60 * 1000;

let touchedAt = Date.now();
const waiting = new Set<() => void>();

function isActive(): boolean {
  return !document.hidden && Date.now() - touchedAt < QUIET_MS;
}

function onTouch(): void {
  touchedAt = Date.now();
  if (document.hidden || waiting.size === 0) return;
  const all = [...waiting];
  waiting.clear();
  for (const read of all) read();
}

/* At once, or when somebody is there again. */
export function whenActive(read: () => void): void {
  if (isActive()) read();
  else waiting.add(read);
}

export function never(read: () => void): void {
  waiting.delete(read);
}

/* Returns how to stop. */
export function every(ms: number, read: () => void): () => void {
  const timer = setInterval(() => whenActive(read), ms);
  return () => {
    clearInterval(timer);
    never(read);
  };
}

export function watchActivity(): void {
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "visibilitychange"])
    document.addEventListener(kind, onTouch, { passive: true });
}
