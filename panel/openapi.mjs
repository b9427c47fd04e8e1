// Holds the API's description against the OpenAPI specification: node openapi.mjs PROGRAM.
// The program writes the description to the file that it is given (tests/unit/api/test_openapi.c).
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";

const folder = mkdtempSync(join(tmpdir(), "openapi-"));
try {
  const file = join(folder, "openapi.json");
  const { status } = spawnSync(process.argv[2], [file], { stdio: "inherit" });
  if (status !== 0) throw new Error("the description was not written");
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(readFileSync(file, "utf8")));
  if (!valid || validator.version !== "3.1") {
    console.log(`OpenAPI ${validator.version}:`, JSON.stringify(errors, null, 2));
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
