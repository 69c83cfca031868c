// Runs the wasm build of the probe in node: `node run.mjs FOLDER ARGUMENTS…`, the folder being what wasm-bindgen wrote.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...rest] = process.argv.slice(2);
globalThis.probeArguments = rest.join(" ");
const { initSync } = await import(pathToFileURL(join(folder, "probe.js")));
initSync({ module: readFileSync(join(folder, "probe_bg.wasm")) });
