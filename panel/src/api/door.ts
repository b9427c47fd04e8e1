/* The door: addresses that the edges hold something against. */
import { call, get } from "./client";
import { fromEdges, type FromEdges } from "./edges";
import { routes } from "./routes";

export interface Visitor {
  address: string; /* of IPv6 the network */
  "banned-for-s": number; /* 0: it is not */
  refused: number; /* connections */
  "failed-proofs": number;
  handshakes: number;
  connections: number;
  edge: string;
}

export async function listDoor(): Promise<FromEdges<Visitor>> {
  const answer = await get<Record<string, unknown>>(routes.door.path);
  return fromEdges({ items: answer["addresses"] as Visitor[], answer });
}

/* On all edges. */
export function liftDoor(address: string): Promise<unknown> {
  return call("POST", routes.lift.path, { body: { address } });
}
