/* The pages on partners. */
import type { PageRow } from "../registry";
import { EditPartner, NewPartner } from "./edit";
import { PartnerList } from "./list";
import { ShowPartner } from "./show";
import { TestPartner } from "./test";

export const partnerPages: PageRow[] = [
  {
    path: "/partners",
    page: PartnerList,
    nav: { group: "nav.federation", title: "nav.partners" },
  },
  { path: "/new-partner", page: NewPartner, of: "/partners" },
  { path: "/partners/{domain}", page: ShowPartner },
  { path: "/partners/{domain}/edit", page: EditPartner },
  { path: "/partners/{domain}/test", page: TestPartner },
];
