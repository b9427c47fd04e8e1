/* Who is signed in: undefined while nobody has asked yet, null when nobody is. */
import { computed, signal } from "@preact/signals";
import type { Role, Session } from "./types";

export const session = signal<Session | null | undefined>(undefined);

let lastRole: Role = "viewer";

/* When a session ends the page stays as it is behind the sign-in, with what was typed: he who was an
 * administrator is still taken for one there. */
export const isAdministrator = computed(() => {
  if (session.value) lastRole = session.value.role;
  return lastRole === "administrator";
});
