// The least that must hold: the page starts, under its policy, without a word of complaint, and can be used without
// a mouse or eyes.

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

/** Everything the page complained about, and every request that left the site. */
function watch(page, baseURL) {
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(baseURL).origin)) complaints.push(`asked ${request.url()}`);
  });
  return complaints;
}

async function ready(page) {
  await expect(page.locator("html")).toHaveAttribute("data-boot", "ready");
}

test("the page starts without a complaint", async ({ page, baseURL }) => {
  const complaints = watch(page, baseURL);
  await page.goto("./");
  await ready(page);
  await expect(page).toHaveTitle(/./);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(complaints).toEqual([]);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto("./");
    await ready(page);
    const { violations } = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
      .analyze();
    expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)).toEqual([]);
  });
}

test("a program that does not arrive is explained, and can be asked for again", async ({ page }) => {
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto("./");
  await expect(page.getByRole("alert")).toContainText("could not be loaded");
  await expect(page.getByRole("button", { name: "Load the page again" })).toBeFocused();
});

test("the start page fetches no more than it needs, and hands over to the rest when a run is opened", async ({ page, baseURL }) => {
  const complaints = watch(page, baseURL);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto("./");
  await ready(page);
  expect(asked.filter((url) => /whole-|worker-/.test(url))).toEqual([]);
  await page.getByRole("link", { name: "Wake Stampede" }).click();
  await expect(page.getByRole("slider", { name: "Moment of the run" })).toBeVisible();
  await ready(page);
  await expect(page.getByRole("main")).toHaveCount(1);
  await expect(page.getByRole("main")).toBeFocused();
  await expect(page).toHaveTitle(/^Wake Stampede/);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Study Lab" })).toBeVisible();
  await expect(page.getByRole("banner")).toHaveCount(1);
  expect(complaints).toEqual([]);
});

test("an address of a run fetches only the program that opens it", async ({ page }) => {
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto("s/stuck-wake?seed=1");
  await ready(page);
  expect(asked.filter((url) => /\/start-/.test(url))).toEqual([]);
});

test("if the rest does not arrive it is said, and the way back works", async ({ page }) => {
  await page.route("**/whole-*/*", (route) => route.abort());
  await page.goto("./");
  await page.getByRole("link", { name: "Wake Stampede" }).click();
  await expect(page.getByRole("alert")).toContainText("could not be loaded");
  await expect(page.getByRole("button", { name: "Load the page again" })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Study Lab" })).toBeVisible();
  await page.unroute("**/whole-*/*");
  await page.getByRole("link", { name: "Wake Stampede" }).click();
  await expect(page.getByRole("slider", { name: "Moment of the run" })).toBeVisible();
});

test("a browser without WebAssembly is told so", async ({ page }) => {
  await page.addInitScript(() => { delete globalThis.WebAssembly; });
  await page.goto("./");
  await expect(page.getByRole("alert")).toContainText("WebAssembly");
});
