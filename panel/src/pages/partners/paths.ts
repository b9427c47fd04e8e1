/* Where the pages on one partner are. */
import { pathOf } from "../../base/route";

export function showPath(domain: string): string {
  return pathOf("/partners/{domain}", { domain });
}

export function editPath(domain: string): string {
  return pathOf("/partners/{domain}/edit", { domain });
}

export function testPath(domain: string): string {
  return pathOf("/partners/{domain}/test", { domain });
}
