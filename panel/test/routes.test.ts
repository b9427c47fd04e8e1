/* Each route that the panel calls is in the API's description (OPENAPI names the file; it is what
 * GET /api/v1/openapi.json gives), and takes those arguments. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Route, routes } from "../src/api/routes";

interface Operation {
  parameters?: { name?: string }[];
  requestBody?: { content: Record<string, { schema: { properties: Record<string, unknown> } }> };
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
}

function argumentsOf(operation: Operation): Set<string> {
  const body = operation.requestBody?.content["application/json"]?.schema.properties ?? {};
  const named = (operation.parameters ?? []).map((parameter) => parameter.name ?? "");
  return new Set([...named, ...Object.keys(body)]);
}

const file = process.env["OPENAPI"];
test("routes: all are in the description", { skip: !file && "OPENAPI names no file" }, () => {
  const { paths } = JSON.parse(readFileSync(file!, "utf8")) as Description;
  const prefix = Object.keys(paths).every((path) => path.startsWith("/api/v1")) ? "/api/v1" : "";
  for (const route of Object.values(routes) as Route[])
    for (const [method, names] of Object.entries(route.methods)) {
      const operation = paths[prefix + route.path]?.[method.toLowerCase()];
      assert.ok(operation, `${method} ${route.path} is not there`);
      for (const name of names)
        assert.ok(argumentsOf(operation).has(name), `${method} ${route.path} takes no ${name}`);
    }
});
