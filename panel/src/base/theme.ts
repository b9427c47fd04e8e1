/* Light or dark: the system's choice unless the reader made one.  The document always says which of
 * the two it is (data-theme). */
import { effect, signal } from "@preact/signals";
import { recall, remember } from "./memory";

export type Theme = "system" | "light" | "dark";
export const themes: Theme[] = ["system", "light", "dark"];

function firstTheme(): Theme {
  const kept = recall("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

export const theme = signal<Theme>(firstTheme());

export function keepTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const systems = signal(dark.matches);
  dark.addEventListener("change", (event) => (systems.value = event.matches));
  effect(() => {
    const isDark = theme.value === "system" ? systems.value : theme.value === "dark";
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    remember("theme", theme.value);
  });
}
