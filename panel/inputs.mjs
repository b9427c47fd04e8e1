// Prints the files from which the panel is built, for meson.
import { readdirSync } from "node:fs";

const here = new URL(".", import.meta.url).pathname;
const files = [
  ".npmrc", "build.mjs", "openapi.mjs", "package-lock.json", "package.json", "test.mjs",
  "tsconfig.json",
];

function add(folder) {
  for (const entry of readdirSync(here + folder, { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) add(name);
    else if (/\.(tsx?|css|html|svg)$/.test(name)) files.push(name);
  }
}

add("src");
add("test");
console.log(files.map((name) => `panel/${name}`).join("\n"));
