// Runs the wasm build of the probe: `node run.mjs node|chromium FOLDER ARGUMENTS…`, the folder being what wasm-bindgen
// wrote for the web. What the probe prints comes out here, line by line, from either engine.
//
// For Chromium: CHROMIUM is the browser's program, PLAYWRIGHT the folder of packages that has Playwright in it.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [engine, folder, ...rest] = process.argv.slice(2);
const arguments_ = rest.join(" ");

async function inNode() {
  globalThis.probeArguments = arguments_;
  const { initSync } = await import(pathToFileURL(resolve(folder, "probe.js")));
  initSync({ module: readFileSync(join(folder, "probe_bg.wasm")) });
}

async function inChromium() {
  const { chromium } = await import(pathToFileURL(join(process.env.PLAYWRIGHT, "@playwright/test/index.mjs")));
  // Root, as in most containers, may not use Chromium's sandbox.
  const args = typeof process.getuid === "function" && process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
  try {
    const page = await browser.newPage();
    const types = { js: "text/javascript", wasm: "application/wasm", html: "text/html" };
    // No server: the address exists only in here.
    await page.route("http://probe.invalid/**", (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      const body = name === "index.html" ? "<!doctype html><title>probe</title>" : readFileSync(join(folder, name));
      return route.fulfill({ body, contentType: types[name.split(".").pop()] });
    });
    page.on("console", (message) => console.log(message.text()));
    await page.goto("http://probe.invalid/index.html");
    // A run of some seconds holds the page up, so that it is not asked to answer meanwhile.
    await page.evaluate(async (given) => {
      globalThis.probeArguments = given;
      const { default: init } = await import("/probe.js");
      await init();
    }, arguments_);
  } finally {
    await browser.close();
  }
}

await (engine === "chromium" ? inChromium() : inNode());
