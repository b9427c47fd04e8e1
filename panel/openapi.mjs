// Holds the API's description against the OpenAPI specification: node openapi.mjs FILE.
// The file is what GET /api/v1/openapi.json gives; tests/unit/api/test_openapi.c writes it, too.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
if (!valid || validator.version !== "3.1") {
  console.log(`OpenAPI ${validator.version}:`, JSON.stringify(errors, null, 2));
  process.exitCode = 1;
}
