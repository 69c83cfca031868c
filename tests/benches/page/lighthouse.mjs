// Visits a page with Lighthouse as a phone on a slow line, several times, and prints the median of each number.
//
// `node lighthouse.mjs URL VISITS`; CHROMIUM is the browser's program.

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [url, visits] = process.argv.slice(2);

// Root, as in most containers, may not use Chromium's sandbox.
const root = typeof process.getuid === "function" && process.getuid() === 0;

/** One visit, by a browser that has never been there. */
async function visit() {
  const chrome = await launch({
    chromePath: process.env.CHROMIUM,
    chromeFlags: ["--headless=new", "--disable-gpu", ...(root ? ["--no-sandbox"] : [])],
  });
  try {
    // Its defaults are the mobile ones: simulated slow 4G and a processor four times slower.
    const { lhr } = await lighthouse(url, { port: chrome.port, logLevel: "error", onlyCategories: ["performance"] });
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    const audit = (name) => lhr.audits[name].numericValue;
    return {
      score: lhr.categories.performance.score * 100,
      lcp: audit("largest-contentful-paint") / 1000,
      tti: audit("interactive") / 1000,
      tbt: audit("total-blocking-time"),
      fcp: audit("first-contentful-paint") / 1000,
      transfer: audit("total-byte-weight") / 1024,
    };
  } finally {
    await chrome.kill();
  }
}

const all = [];
let lost = 0;
while (all.length < Number(visits)) {
  try {
    all.push(await visit());
  } catch (error) {
    // On a machine that is busy a browser's trace now and then lacks its beginning.
    if (++lost > Number(visits)) throw error;
  }
}
for (const name of Object.keys(all[0])) {
  const sorted = all.map((one) => one[name]).sort((a, b) => a - b);
  console.log(`${name}\t${sorted[Math.floor(sorted.length / 2)]}`);
}
