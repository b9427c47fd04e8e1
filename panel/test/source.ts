/* The sources themselves, for tests of what is used. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(process.env["PANEL_SOURCE"] ?? ".", "src");

/* A file of the server's; the build, which works on a copy of the panel, names the folder. */
export function serverText(name: string): string {
  return readFileSync(join(process.env["SERVER_SOURCE"] ?? join(root, "../../src"), name), "utf8");
}

/* All files of src/ whose names match, but for those of one of its folders. */
export function sourceText(names: RegExp, butFolder = ""): string {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map((entry) => join(entry.path, entry.name))
    .filter((file) => !butFolder || !file.startsWith(join(root, butFolder, "/")))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}
