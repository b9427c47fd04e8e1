// Runs the unit tests (test/*.test.ts, *.test.tsx) with node's own test runner: node test.mjs
// [NAME...].  They are bundled first, since node 18 reads no TypeScript.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const wanted = process.argv.slice(2);
const tests = readdirSync(join(here, "test")).filter(
  (name) => /\.test\.tsx?$/.test(name) && (!wanted.length || wanted.some((w) => name.includes(w))),
);
const out = mkdtempSync(join(tmpdir(), "panel-test-"));
try {
  await build({
    absWorkingDir: here,
    entryPoints: tests.map((name) => join("test", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    define: { "process.env.PANEL_SOURCE": JSON.stringify(here) },
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  const files = readdirSync(out).map((name) => join(out, name));
  const run = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
