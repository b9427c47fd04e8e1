/* The gateway settings; what each may be is told by the API's own description, so that a new one
 * needs nothing here. */
import { call, get, versionTag } from "./client";
import { routes } from "./routes";
import type { Change } from "./types";

export type Value = number | boolean | string | string[];
export type Settings = { version: number } & Record<string, Value>;

export type Kind = "number" | "switch" | "secret" | "list";

export interface Setting {
  name: string;
  kind: Kind;
  help: string;
  min?: number;
  max?: number;
  zero?: boolean; /* 0 is taken, too, though it is below min */
}

interface Schema {
  type?: string;
  minimum?: number;
  maximum?: number;
  const?: unknown;
  writeOnly?: boolean;
  description?: string;
  anyOf?: Schema[];
}

export function settingOf(name: string, schema: Schema): Setting {
  const all = [schema, ...(schema.anyOf ?? [])];
  const help = schema.description ?? "";
  if (schema.writeOnly) return { name, kind: "secret", help };
  const range = all.find((one) => one.type === "integer");
  if (range)
    return {
      name,
      kind: "number",
      help,
      min: range.minimum ?? 0,
      max: range.maximum ?? Number.MAX_SAFE_INTEGER,
      zero: all.some((one) => one.const === 0),
    };
  return { name, kind: all.some((one) => one.type === "array") ? "list" : "switch", help };
}

interface Description {
  paths: {
    "/settings": {
      patch: {
        requestBody: {
          content: { "application/json": { schema: { properties: Record<string, Schema> } } };
        };
      };
    };
  };
}

export async function listSettings(): Promise<Setting[]> {
  const { paths } = await get<Description>("/openapi.json");
  const body = paths["/settings"].patch.requestBody.content["application/json"];
  return Object.entries(body.schema.properties).map(([name, schema]) => settingOf(name, schema));
}

export function getSettings(): Promise<Settings> {
  return get(routes.settings.path);
}

/* 412 when they are others by now. */
export async function changeSettings(
  from: { version: number },
  changes: Record<string, Value>,
): Promise<Settings> {
  const options = { ifMatch: versionTag(from), body: changes };
  return (await call<Change<Settings>>("PATCH", routes.settings.path, options)).after!;
}
