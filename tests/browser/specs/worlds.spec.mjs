// Worlds: places without a lesson. They are found from the start page, play at once, and fit the page.

import { expect, test } from "@playwright/test";
import { moment } from "./support.mjs";

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
  await expect(page.getByText("runner-1", { exact: true }).first()).toBeVisible();
  expect(await fits(page)).toBe(true);
});
