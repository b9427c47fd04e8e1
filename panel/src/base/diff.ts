/* What differs between two states of a thing, field by field. */
export interface Difference {
  field: string;
  before: unknown; /* undefined: was not there */
  after: unknown; /* undefined: is gone */
}

/* Fields of a partner that follow from others, or change with every write. */
export const derived = ["version", "domain-unicode", "additional-unicode", "methods", "note"];

type Thing = Record<string, unknown> | null | undefined;

/* In the order of the fields.  `but`: fields that follow from others, such as the version. */
export function differences(before: Thing, after: Thing, but: string[] = []): Difference[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const found: Difference[] = [];
  for (const field of names) {
    const difference = { field, before: before?.[field], after: after?.[field] };
    const same = JSON.stringify(difference.before) === JSON.stringify(difference.after);
    if (!same && !but.includes(field)) found.push(difference);
  }
  return found;
}

export interface ListPart {
  text: string;
  sign: "+" | "-" | " ";
}

/* Of two lists: what was taken out, what came in, what stayed; null: they are not both lists. */
export function listParts(before: unknown, after: unknown): ListPart[] | null {
  if (!Array.isArray(before) || !Array.isArray(after)) return null;
  const was = before.map((one) => valueText(one));
  const is = after.map((one) => valueText(one));
  return [
    ...was.filter((text) => !is.includes(text)).map((text) => ({ text, sign: "-" as const })),
    ...is.map((text) => ({ text, sign: was.includes(text) ? (" " as const) : ("+" as const) })),
  ];
}

export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.length ? value.map(valueText).join("\n") : "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
