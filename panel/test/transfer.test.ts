/* Files that are imported: their bytes as text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOfFile } from "../src/api/transfer";

const rows: [string, number[], string | null][] = [
  ["UTF-8", [0xc3, 0xa4], "ä"],
  ["UTF-8 with a mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
  ["UTF-16, little endian", [0xff, 0xfe, 0xe4, 0x00], "ä"],
  ["UTF-16, big endian", [0xfe, 0xff, 0x00, 0xe4], "ä"],
  ["nothing", [], ""],
  ["Latin-1", [0x42, 0xfc, 0x72, 0x6f], null],
  ["half a pair of UTF-16", [0xff, 0xfe, 0x3d, 0xd8], null],
];
for (const [name, bytes, text] of rows)
  test(`file: ${name}`, () => assert.equal(textOfFile(new Uint8Array(bytes)), text));
