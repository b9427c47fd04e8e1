/* What all edges together tell; some of them may not have answered, or not with all they have. */
export interface FromEdges<T> {
  items: T[];
  silent: string[]; /* edges that did not answer */
  leftOut: number;
}

export function fromEdges<T>(told: { items: T[]; answer: Record<string, unknown> }): FromEdges<T> {
  const silent = told.answer["silent"];
  return {
    items: told.items,
    silent: Array.isArray(silent) ? silent.map(String) : [],
    leftOut: Number(told.answer["left-out"] ?? 0),
  };
}
