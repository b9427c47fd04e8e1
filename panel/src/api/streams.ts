/* Streams one by one, and closing them. */
import { pathOf } from "../base/route";
import { call, get } from "./client";
import { routes } from "./routes";
import type { Stream } from "./types";

/* All that is known of one; much of it strangers said. */
export async function getStream(id: string): Promise<Record<string, unknown>> {
  const answer = await get<Record<string, unknown>>(pathOf(routes.stream.path, { id }));
  const inner = answer["stream"];
  return typeof inner === "object" && inner ? (inner as Record<string, unknown>) : answer;
}

export function closeStream(stream: Stream): Promise<unknown> {
  return call("POST", routes.close.path, { body: { id: stream.id } });
}
