// The browser tests. `cargo xtask test --only site,browser` builds the site, serves it twice and sets the variables
// read here; every spec runs once under / and once under /lab/, because an address that works under one can be wrong
// under the other.

import { defineConfig, devices } from "@playwright/test";

const mounts = { root: process.env.LAB_URL_ROOT, lab: process.env.LAB_URL_LAB };
const served = Object.entries(mounts).filter(([, url]) => url);
if (served.length === 0) {
  throw new Error("no site to test: run `cargo xtask test --only site,browser`");
}

// Root, as in most containers, may not use Chromium's sandbox.
const root = typeof process.getuid === "function" && process.getuid() === 0;

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  outputDir: process.env.LAB_OUTPUT,
  fullyParallel: true,
  workers: process.env.CI ? 2 : undefined,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes on the second try has found something: it is to be looked into, not run again.
  retries: 0,
  timeout: 30_000,
  reporter: [["list"]],
  use: {
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM,
      args: [...(root ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
  projects: served.map(([name, baseURL]) => ({
    name,
    use: { ...devices["Desktop Chrome"], baseURL },
  })),
});
