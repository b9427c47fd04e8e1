// Builds the panel: node build.mjs [OUT]; default dist/.  Each file but index.html has a hash of its
// bytes in its name, so that browsers may keep it for ever.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const out = process.argv[2] ?? join(here, "dist");
const assets = join(out, "assets");

rmSync(out, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { panel: "src/main.tsx" },
  outdir: assets,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome105", "firefox110", "safari16"],
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  logLevel: "warning",
});

function hashed(file) {
  const bytes = readFileSync(join(here, file));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const name = basename(file).replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(join(assets, name), bytes);
  return name;
}

const made = Object.keys(result.metafile.outputs).map((file) => basename(file));
const names = {
  script: made.find((name) => name.endsWith(".js")),
  style: made.find((name) => name.endsWith(".css")),
  icon: hashed("src/icon.svg"),
};
const page = readFileSync(join(here, "src/index.html"), "utf8").replace(
  /\{(\w+)\}/g,
  (_, what) => `/assets/${names[what]}`,
);
writeFileSync(join(out, "index.html"), page);
