// What axe can see of WCAG 2.2 AA, on every part of the page, in both schemes, on a phone and on a laptop.

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { debrief, goTo, open, openRun, predict, region } from "./support.mjs";

const PARTS = {
  home: async (page) => {
    await open(page, "./");
    await page.getByText("3 chosen seeds").first().click();
  },
  early: async (page) => {
    await openRun(page);
    await predict(page);
    await page.keyboard.press("d");
    await expect(page.getByRole("button", { name: "Show me the cause" })).toBeVisible();
  },
  large: async (page) => {
    await openRun(page, "s/large-fleet?seed=1");
    await region(page, "System");
    await expect(page.getByRole("button", { name: "Show all 100 runners" })).toBeVisible();
  },
  earlier: async (page) => {
    await openRun(page);
    await predict(page);
    await goTo(page, 40);
    await page.waitForTimeout(300);
    await region(page, "Run");
    await page.getByRole("button", { name: "Same seed again" }).click();
    await expect(page.getByRole("button", { name: "Go back to it" })).toBeVisible();
  },
  first: async (page) => openRun(page),
  run: async (page) => {
    await openRun(page);
    await predict(page);
    await goTo(page, 60);
    await region(page, "Story");
    await page.locator(".story .entries").getByRole("button").first().click();
    await expect(page.getByRole("region", { name: "Why" })).toBeVisible();
  },
  system: async (page) => {
    await openRun(page);
    await predict(page);
    await goTo(page, 60);
    await region(page, "System");
    await page.getByRole("tab", { name: "Diagrams" }).click();
    await page.getByText("As a table").first().click();
  },
  twin: async (page) => {
    await openRun(page);
    await predict(page);
    await page.keyboard.press("t");
    await page.getByRole("button", { name: "Run without: within the hold budget" }).first().click();
    await expect(page.getByText("The runs part at")).toBeVisible({ timeout: 20_000 });
  },
  debrief: async (page) => {
    await openRun(page);
    await predict(page);
    await debrief(page);
    await expect(page.getByText("What happened")).toBeVisible({ timeout: 20_000 });
  },
  help: async (page) => {
    await openRun(page);
    await predict(page);
    await page.keyboard.press("?");
  },
};

for (const [part, go] of Object.entries(PARTS)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`${part}, ${colorScheme}, ${width} px`, async ({ page }) => {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await go(page);
        // A message that fades lies over the page for a moment.
        await page.waitForTimeout(2_800);
        const { violations } = await new AxeBuilder({ page })
          .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
          .analyze();
        expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`)).toEqual([]);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(wide, "nothing is wider than the screen").toBeLessThanOrEqual(0);
      });
    }
  }
}
