/* Tables: in which order their rows are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ordered, type Column } from "../src/kit/table";

interface Row {
  name: string;
  n: number;
}
const rows: Row[] = [{ name: "b10", n: 1 }, { name: "b9", n: 20 }, { name: "a", n: 3 }];
const columns: Column<Row>[] = [
  { title: "yes", cell: () => null, by: (row) => row.name },
  { title: "no", cell: () => null, by: (row) => row.n },
  { title: "again", cell: () => null },
];

const cases: [number, boolean, string][] = [
  [0, false, "a b9 b10"],
  [0, true, "b10 b9 a"],
  [1, false, "b10 a b9"],
  [2, true, "b10 b9 a"],
];
for (const [column, descending, wanted] of cases)
  test(`table: by column ${column}${descending ? ", descending" : ""}`, () =>
    assert.equal(
      ordered(rows, columns, { column, descending }).map((row) => row.name).join(" "),
      wanted,
    ));
