// Plays a run and measures how evenly its frames come. Not a test: `cargo xtask bench --only page` runs it.
//
// `node frames.mjs URL`; CHROMIUM is the browser's program. One line for each scene, apart by tabs: its name, then the
// 95th percentile and the longest of the frames, in milliseconds, tasks longer than 50 ms, frames, marks, elements.

import { chromium } from "@playwright/test";
import { openRun, predict } from "./specs/support.mjs";

const [baseURL] = process.argv.slice(2);
const SECONDS = 10;
const SCENES = [
  ["Wake Stampede", "s/wake-stampede?seed=1", "1×"],
  ["Wake Stampede", "s/wake-stampede?seed=1", "16×"],
  ["Large Fleet", "s/large-fleet?seed=1", "4×"],
];

/** Measures in the page, from one frame to the next. */
function measure(milliseconds) {
  return new Promise((done) => {
    const gaps = [];
    let [before, long] = [0, 0];
    const tasks = new PerformanceObserver((list) => { long += list.getEntries().length; });
    tasks.observe({ entryTypes: ["longtask"] });
    const begin = performance.now();
    const frame = (now) => {
      if (before) gaps.push(now - before);
      before = now;
      if (now - begin < milliseconds) return requestAnimationFrame(frame);
      const marks = document.querySelectorAll("svg :is(circle, line, path, polygon, polyline, rect, text, use)").length;
      done({ gaps, long, marks, elements: document.querySelectorAll("body *").length });
    };
    requestAnimationFrame(frame);
  });
}

// Root, as in most containers, may not use Chromium's sandbox.
const root = typeof process.getuid === "function" && process.getuid() === 0;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: root ? ["--no-sandbox"] : [] });
try {
  for (const [name, address, speed] of SCENES) {
    const page = await browser.newPage({ baseURL, viewport: { width: 1280, height: 800 } });
    await openRun(page, address);
    const asks = (await page.getByRole("group", { name: "Your prediction" }).count()) > 0;
    if (asks) await predict(page);
    await page.getByRole("combobox", { name: "Speed" }).selectOption({ label: speed });
    // It stops by itself where the prediction is decided; what is measured begins there.
    const play = page.getByRole("button", { name: "Play" });
    await play.click();
    if (asks) {
      await page.getByText("It came out:").waitFor();
      await play.click();
    }
    const { gaps, long, marks, elements } = await page.evaluate(measure, SECONDS * 1000);
    if (!(await page.getByRole("button", { name: "Pause" }).isVisible())) throw new Error(`${speed}: it did not play on`);
    gaps.sort((a, b) => a - b);
    const p95 = gaps[Math.floor((gaps.length - 1) * 0.95)];
    console.log([`${name} played at ${speed}`, p95, gaps.at(-1), long, gaps.length, marks, elements].join("\t"));
    await page.close();
  }
} finally {
  await browser.close();
}
