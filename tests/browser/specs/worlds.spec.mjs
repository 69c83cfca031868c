// Worlds: places without a lesson. They are found from the start page, play at once, and fit the page.

import { expect, test } from "@playwright/test";
import { fingerprint, moment, open, openRun, region } from "./support.mjs";

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

test("a world is found, plays at once and is drawn", async ({ page }) => {
  await page.goto("./");
  await page.getByRole("link", { name: "Region Enablement" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Region Enablement");
  await expect(page.getByRole("group", { name: "Your prediction" })).toHaveCount(0);
  const before = await moment(page).textContent();
  await page.getByRole("button", { name: "Play" }).click();
  await expect(moment(page)).not.toHaveText(before);
  await page.getByRole("tab", { name: "Diagrams" }).click();
  await expect(page.getByRole("img", { name: /Region Enablement lifecycle/ })).toBeVisible();
  expect(await fits(page)).toBe(true);
});

test("a large world fits the page and leaves out what it does not have", async ({ page }) => {
  await page.goto("./s/large-fleet?seed=1");
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Hints" })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Act" })).toHaveCount(0);
  const lanes = page.getByRole("img", { name: /^Lanes of 1[0-9][0-9] nodes/ });
  await expect(lanes).toBeVisible();
  expect(await lanes.locator(".lane").count()).toBeLessThan(30);
  const all = page.getByRole("button", { name: "Show all 100 runners" });
  await all.focus();
  await page.keyboard.press("Enter");
  await expect(lanes.getByText("runner-100", { exact: true })).toBeAttached();
  expect(await lanes.locator(".lane").count()).toBeGreaterThan(100);
  const fold = page.getByRole("button", { name: "Fold the 100 runners" });
  await expect(fold).toBeFocused();
  await expect(fold).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("Enter");
  await expect(lanes.getByText("runner-100", { exact: true })).toHaveCount(0);
  expect(await fits(page)).toBe(true);
});

test("worlds are in groups, found by words and by who has to act, and the wish is kept for the visit", async ({ page }) => {
  await page.goto("./");
  const find = page.getByRole("search", { name: "Worlds" });
  const links = page.locator(".world-name a:visible");
  const count = find.getByRole("status");
  await expect(page.getByRole("heading", { name: "Hosts", level: 3 })).toBeVisible();
  const all = await links.count();
  expect(all).toBeGreaterThan(50);
  await expect(count).toHaveText(`${all} worlds`);

  await find.getByRole("radio", { name: "Yours to solve" }).check();
  await expect(page.locator(".worlds > li:visible", { hasText: "runs by itself" })).toHaveCount(0);
  const yours = await links.count();
  await find.getByRole("radio", { name: "Run by themselves" }).check();
  expect(await links.count()).toBe(all - yours);
  await find.getByRole("searchbox").fill("slow providers");
  await expect(links.first()).toHaveText("Slow Providers");
  await expect(page.getByRole("heading", { name: "Hosts", level: 3 })).toBeHidden();
  await links.first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Slow Providers");
  await page.goBack();
  await expect(find.getByRole("searchbox")).toHaveValue("slow providers");

  await find.getByRole("searchbox").fill("zebra");
  await expect(count).toHaveText("No world is like that.");
  await page.getByRole("button", { name: "Show all worlds" }).press("Enter");
  await expect(find.getByRole("searchbox")).toBeFocused();
  await expect(count).toHaveText(`${all} worlds`);
});

test("a chosen seed says why it is chosen", async ({ page }) => {
  await page.goto("./");
  const world = page.locator(".worlds > li", { hasText: "Any Fleet" });
  await world.locator("summary").click();
  await expect(world.locator(".chosen p").first()).toBeVisible();
  await world.locator(".chosen a").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Any Fleet");
});

test("the situation of a world is open until somebody folds it", async ({ page }) => {
  await openRun(page, "s/slow-store?seed=1");
  await region(page, "Mine");
  const situation = page.locator("details.situation");
  await expect(situation).toHaveAttribute("open");
  await page.reload();
  await expect(situation).toHaveAttribute("open");
  await region(page, "Mine");
  await situation.getByText("Situation", { exact: true }).click();
  await expect(situation).not.toHaveAttribute("open");
  await page.reload();
  await expect(fingerprint(page)).toHaveText(/^[0-9a-f]{8}$/);
  await expect(situation).not.toHaveAttribute("open");
});

test("worlds are found by the incidents that they replay", async ({ page }) => {
  await open(page, "./");
  await page.getByRole("searchbox", { name: "Search" }).fill("roblox");
  await expect(page.getByRole("search", { name: "Worlds" }).getByText(/^1 of/)).toBeVisible();
  await expect(page.getByRole("link", { name: "Slow Store" })).toBeVisible();
  await expect(page.getByText("after Roblox, 2021-10-28")).toBeVisible();
});
