/* A table of things: sortable where a column says by what, drawn part by part when it is long.  On a
 * narrow window each row is a card; the roles say that it is a table still. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t, type Key } from "../base/i18n";
import { useGrowing } from "./grow";
import { Icon } from "./icon";

export interface Column<T> {
  title: Key;
  cell: (row: T) => ComponentChildren;
  by?: (row: T) => string | number; /* what it is sorted by */
  kind?: "number" | "name" | "buttons"; /* a name may be broken anywhere, but gets some room */
}

export interface Order {
  column: number;
  descending: boolean;
}

const collator = new Intl.Collator("en", { numeric: true });

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}

/* Equal ones stay in the order in which they came. */
export function ordered<T>(rows: T[], columns: Column<T>[], order: Order | null): T[] {
  const by = order && columns[order.column]?.by;
  if (!by) return rows;
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(by(a), by(b)));
}

export function Table<T>(props: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  first?: Order;
  empty: string;
}) {
  const { columns, rows } = props;
  const [order, setOrder] = useState<Order | null>(props.first ?? null);
  const key = order ? `${order.column} ${order.descending}` : "";
  const n = useGrowing(rows.length, key);
  if (rows.length === 0) return <p class="empty">{props.empty}</p>;
  return (
    <table class="cards" role="table" aria-rowcount={rows.length + 1}>
      <caption class="unseen">{props.caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column, i) => (
            <Head
              key={column.title}
              column={column}
              descending={order?.column === i ? order.descending : null}
              onOrder={(descending) => setOrder({ column: i, descending })}
            />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {ordered(rows, columns, order)
          .slice(0, n)
          .map((row) => (
            <tr role="row" key={props.rowKey(row)}>
              {columns.map((column) => (
                <td role="cell" key={column.title} class={column.kind}>
                  <span class="card-label" aria-hidden="true">
                    {t(column.title)}
                  </span>
                  <div>{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function Head<T>(props: {
  column: Column<T>;
  descending: boolean | null; /* null: sorted by another */
  onOrder: (descending: boolean) => void;
}) {
  const { column, descending } = props;
  if (!column.by)
    return (
      <th role="columnheader" scope="col" class={column.kind}>
        {t(column.title)}
      </th>
    );
  const direction = descending ? "descending" : "ascending";
  return (
    <th
      role="columnheader"
      scope="col"
      class={column.kind}
      aria-sort={descending === null ? undefined : direction}
    >
      <button type="button" class="sort" onClick={() => props.onOrder(descending === false)}>
        {t(column.title)}
        {descending !== null && <Icon name={descending ? "down" : "up"} />}
      </button>
    </th>
  );
}
