/* What the browser remembers between visits: language and theme, nothing else.  A browser that
 * refuses to remember is no error. */
type Name = "language" | "theme";

export function recall(name: Name): string | null {
  try {
    return localStorage.getItem(`causeway-${name}`);
  } catch {
    return null;
  }
}

export function remember(name: Name, value: string): void {
  try {
    localStorage.setItem(`causeway-${name}`, value);
  } catch {
    /* then it is chosen again next time */
  }
}
