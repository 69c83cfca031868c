// What every spec of the run page needs: opening it, answering its question, going to a moment.

import { expect } from "@playwright/test";

/** Opens an address and waits until the program runs. */
export async function open(page, address) {
  await page.goto(address);
  await expect(page.locator("html")).toHaveAttribute("data-boot", "ready");
}

/** Opens a scenario and waits until its run is there. */
export async function openRun(page, address = "s/stuck-wake?seed=1") {
  await open(page, address);
  await expect(fingerprint(page)).toHaveText(/^[0-9a-f]{8}$/);
}

/** Where the short fingerprint stands. */
export function fingerprint(page) {
  return page.locator(".facts dd").nth(2);
}

/** Where the moment stands. */
export function moment(page) {
  return page.locator(".now output");
}

/** Commits a prediction. */
export async function predict(page, option = 2, confidence = "think so") {
  await page.getByRole("group", { name: "Your prediction" }).getByRole("radio").nth(option).check();
  await page.getByRole("radio", { name: confidence }).check();
  await page.getByRole("button", { name: "Commit prediction" }).click();
  await expect(page.getByText("You said:")).toBeVisible();
}

/** Goes to a moment, in seconds. */
export async function goTo(page, seconds) {
  await page.getByRole("slider", { name: "Moment of the run" }).fill(String(seconds * 1_000_000));
  await expect(moment(page)).toHaveText(`${seconds.toFixed(3)} s`, { timeout: 20_000 });
}

/** Opens the debrief, and asks for the cause if the run is not over. */
export async function debrief(page) {
  await page.getByRole("button", { name: "Debrief" }).click();
  await expect(page.getByRole("heading", { name: "Debrief" })).toBeVisible();
  const tell = page.getByRole("button", { name: "Show me the cause" });
  await expect(tell.or(page.getByText("What happened")).first()).toBeVisible({ timeout: 20_000 });
  if (await tell.isVisible()) await tell.click();
}

/** Seconds of the moment on screen. */
export async function seconds(page) {
  return Number.parseFloat(await moment(page).textContent());
}

/** A part of the page, chosen first where the screen shows one at a time. */
export async function region(page, name) {
  const tab = page.getByRole("button", { name, exact: true });
  if (await tab.isVisible()) await tab.click();
}
