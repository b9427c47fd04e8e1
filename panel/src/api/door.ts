/* The door: addresses that the edges hold something against. */
import { call, getAll } from "./client";
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
  return fromEdges(await getAll<Visitor>(routes.door.path, "addresses", 10000));
}

/* On all edges. */
export function liftDoor(address: string): Promise<unknown> {
  return call("POST", routes.lift.path, { body: { address } });
}
