/* All pages, one row each; the navigation and the routes follow from it.  A page that is not
 * finished has no row and is not shown.
 *
 * A new page: pages/NOUN.tsx (or a folder) with its component and `export const NOUNPages: PageRow[]`,
 * its texts in both catalogues, and its rows here. */
import type { FunctionComponent } from "preact";
import type { Key } from "../base/i18n";
import { matchPath } from "../base/route";
import { accessPages } from "./access";
import { partnerPages } from "./partners";
import { settingsPages } from "./settings";
import { streamPages } from "./streams";
import { contactPages } from "./contacts";
import { auditPages } from "./audit";
import { healthPages } from "./health";
import { accountPages } from "./accounts";
import { transferPages } from "./transfer";

export interface PageRow {
  path: string; /* "/partners/{domain}"; what is in braces is handed to the component */
  page: FunctionComponent<any>;
  nav?: { group: Group; title: Key }; /* absent: reached from another page */
  of?: string; /* the page that it belongs to, where its path does not begin like that one's */
}

export const groups = ["nav.federation", "nav.system"] as const satisfies readonly Key[];
export type Group = (typeof groups)[number];

/* In the order of the navigation. */
export const pages: PageRow[] = [
  ...partnerPages,
  ...accessPages,
  ...settingsPages,
  ...streamPages,
  ...contactPages,
  ...auditPages,
  ...healthPages,
  ...accountPages,
  ...transferPages,
];

export const START = "/partners";

export function find(path: string): { row: PageRow; args: Record<string, string> } | null {
  const wanted = path === "/" ? START : path;
  for (const row of pages) {
    const args = matchPath(row.path, wanted);
    if (args) return { row, args };
  }
  return null;
}
