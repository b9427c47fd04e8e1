/* Signing in and out.  The cookie is the browser's (HttpOnly); what is known here is who it is and
 * the CSRF token. */
import { call, get } from "./client";
import { asProblem } from "./problem";
import { routes } from "./routes";
import { session } from "./session-state";
import type { Role, Session } from "./types";

interface Told {
  account: string;
  role: Role;
  csrf: string;
  "must-change-password": boolean;
  directory: boolean;
}

function sessionOf(told: Told): Session {
  return {
    account: told.account,
    role: told.role,
    csrf: told.csrf,
    mustChange: told["must-change-password"],
    isDirectory: told.directory,
  };
}

/* Who am I?  Throws only when nobody answers. */
export async function resume(): Promise<void> {
  try {
    session.value = sessionOf(await get<Told>(routes.session.path));
  } catch (thrown) {
    if (asProblem(thrown).status !== 401) throw thrown;
    session.value = null;
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  session.value = sessionOf(await call<Told>("POST", routes.session.path, { body: { name, password } }));
}

export async function signOut(): Promise<void> {
  await call("DELETE", routes.session.path);
  session.value = null;
}

export async function changePassword(soFar: string, password: string): Promise<void> {
  await call("PUT", routes.ownPassword.path, { body: { "so-far": soFar, password } });
  await resume();
}
