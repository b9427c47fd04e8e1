/* Who is signed in: undefined while nobody has asked yet, null when nobody is. */
import { computed, signal } from "@preact/signals";
import type { Session } from "./types";

export const session = signal<Session | null | undefined>(undefined);
export const isAdministrator = computed(() => session.value?.role === "administrator");
