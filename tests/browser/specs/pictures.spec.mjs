// The pictures of the system, why, and twin runs.

import { expect, test } from "@playwright/test";
import { goTo, moment, openRun, predict } from "./support.mjs";

test("each picture shows the moment and has words beside it", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 60);
  await expect(page.getByRole("img", { name: /^Lanes of 9 nodes/ })).toBeVisible();
  await page.getByRole("tab", { name: "Diagrams" }).click();
  await expect(page.locator(".lifecycle h3").first()).toHaveText("Wake");
  await expect(page.getByRole("img", { name: /^Wake lifecycle\./ })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Allocation Lifecycle lifecycle\./ })).toBeAttached();
  await expect(page.locator(".state[data-lit=true]")).toHaveCount(2);
  await page.getByRole("tab", { name: "Requests" }).press("Enter");
  await expect(page.getByRole("img", { name: /^Requests over time/ })).toBeVisible();
  await page.getByText("As a table").click();
  await expect(page.getByRole("region", { name: "Requests over time" }).getByRole("row")).not.toHaveCount(1);
  await page.keyboard.press("4");
  await expect(page.getByText("What each node believes")).toBeVisible();
  await expect(page.getByRole("table", { name: "edge-1" })).toBeVisible();
});

test("an entry tells its causes and how the gates ruled", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 60);
  await page.locator(".story").getByRole("button", { name: /refused request/ }).first().click();
  const why = page.getByRole("region", { name: "Why" });
  await expect(why.getByText("within the hold budget", { exact: true })).toBeVisible();
  await expect(why.getByText("refused", { exact: true }).first()).toBeVisible();
  await expect(why.getByRole("heading", { name: "Causes, the nearest first" })).toBeVisible();
  await why.getByRole("button", { name: "Twin run without this gate" }).first().click();
  await expect(page.getByRole("heading", { name: "Without: within the hold budget" })).toBeVisible({ timeout: 20_000 });
});

test("a mark in the lanes tells why, and the lanes move on while a run plays", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 60);
  const lanes = page.getByRole("img", { name: /^Lanes of 9 nodes/ });
  await expect(lanes.locator(".dot").last()).toBeVisible();
  await lanes.locator(".dot").last().click({ force: true });
  await expect(page.getByRole("region", { name: "Why" })).toBeVisible();
  const time = lanes.locator("svg > g");
  const before = await time.getAttribute("transform");
  const said = await lanes.getAttribute("aria-label");
  await page.getByRole("button", { name: "Play" }).click();
  await expect(time).not.toHaveAttribute("transform", before);
  await expect(lanes).not.toHaveAttribute("aria-label", said);
});

test("of more than can be drawn the lanes show the newest, and say so", async ({ page }) => {
  await openRun(page, "s/wake-stampede?seed=3");
  await predict(page, 0);
  await goTo(page, 16);
  const lanes = page.getByRole("img", { name: /^Lanes of 10 nodes from 1\d\.\d+ s to 16\.000 s: 500 entries/ });
  await expect(lanes).toBeVisible();
  await expect(page.getByText("Shaded: more than can be drawn")).toBeVisible();
  await page.getByRole("combobox", { name: "Time shown" }).selectOption({ label: "1 s" });
  await expect(page.getByText("Shaded: more than can be drawn")).toHaveCount(0);
});

test("the story hides routine until it is asked for, and never fills the page", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 120);
  const entries = page.locator(".story .entries > li");
  await expect(page.locator(".story .entries > li[data-routine=true]")).toHaveCount(0);
  await page.getByRole("checkbox", { name: "Show routine too" }).check();
  await expect(page.locator(".story .entries > li[data-routine=true]")).not.toHaveCount(0);
  expect(await entries.count()).toBeLessThanOrEqual(300);
});

test("a twin run shows where two runs part and what harm follows", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { name: "Twin run" })).toBeFocused();
  await page.getByRole("searchbox", { name: "Search" }).fill("zebra");
  await expect(page.getByText("No gate has `zebra`")).toBeVisible();
  await page.getByRole("searchbox", { name: "Search" }).fill("hold budget");
  await page.getByRole("button", { name: "Run without: within the hold budget" }).last().click();
  await expect(page.getByRole("heading", { name: "Without: within the hold budget" })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("The runs part at")).toBeVisible();
  const table = page.getByRole("table", { name: /^Both runs/ });
  await expect(table.getByText("first difference")).toHaveCount(1);
  await expect(table.getByText("first harm")).toHaveCount(1);
  await expect(page.getByRole("table", { name: "Requests at the end" })).toBeVisible();
  await page.getByRole("button", { name: "Open the waived run as a branch" }).click();
  const branches = page.getByRole("list", { name: "Branches" }).getByRole("button");
  await expect(branches).toHaveCount(2);
  await expect(branches.nth(1)).toHaveAttribute("aria-pressed", "true");
  await branches.first().click();
  await expect(branches.first()).toHaveAttribute("aria-pressed", "true");
  await expect(moment(page)).toBeVisible();
});
