// The whole way from the start page to the debrief with nothing but a keyboard.

import { expect, test } from "@playwright/test";
import { fingerprint, moment, open, openRun, predict, seconds } from "./support.mjs";

/** Presses Tab until something has the focus. */
async function tabTo(page, locator, most = 60) {
  for (let i = 0; i < most; i += 1) {
    if (await locator.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press("Tab");
  }
  await expect(locator).toBeFocused();
}

test("a lesson needs no mouse", async ({ page }) => {
  await open(page, "./");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("textbox", { name: "Seed" }).first());
  await page.keyboard.type("1");
  await page.keyboard.press("Enter");
  await expect(fingerprint(page)).toHaveText(/^[0-9a-f]{8}$/);

  await tabTo(page, page.getByRole("group", { name: "Your prediction" }).getByRole("radio").first());
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, page.getByRole("radio", { name: "sure", exact: true }));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByRole("button", { name: "Commit prediction" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("You said:")).toBeVisible();
  await expect(page.locator("#question-title")).toBeFocused();

  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  const before = await seconds(page);
  await page.keyboard.press("Shift+ArrowRight");
  await expect.poll(() => seconds(page)).toBeGreaterThan(before);

  await tabTo(page, page.locator(".reads").getByRole("button").first());
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Read on" })).toBeVisible();

  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { name: "Twin run" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(moment(page)).toBeVisible();
  await page.keyboard.press("d");
  await expect(page.getByRole("heading", { name: "Debrief" })).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Show me the cause" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("What happened")).toBeVisible({ timeout: 20_000 });
});

test("the help lists the keys, and single keys can be switched off", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys and signs" });
  await expect(help).toBeVisible();
  await help.getByRole("checkbox", { name: /Single keys/ }).uncheck();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  const before = await fingerprint(page).textContent();
  await page.keyboard.press("n");
  await page.keyboard.press("t");
  await page.waitForTimeout(300);
  await expect(fingerprint(page)).toHaveText(before);
  await expect(page.getByRole("heading", { name: "Twin run" })).toBeHidden();
});

test("tabs of pictures move with the arrow keys", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.getByRole("tab", { name: "Lanes" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Diagrams" })).toBeFocused();
  await expect(page.getByRole("tab", { name: "Diagrams" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("tab", { name: "Lanes" })).toBeFocused();
});

test("steps are told to those who listen", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.waitForTimeout(400);
  await page.keyboard.press("ArrowRight");
  const newest = page.locator(".story .entries .sentence").first();
  await expect.poll(async () => (await page.locator("p.visually-hidden[role=status]").textContent()) === (await newest.textContent())).toBe(true);
});
