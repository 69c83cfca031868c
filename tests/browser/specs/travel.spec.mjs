// Going back and forth, taking back, coming back, passing on.

import { expect, test } from "@playwright/test";
import { debrief as lookBack, fingerprint, goTo, moment, openRun, predict, seconds } from "./support.mjs";

test("the same moment has the same fingerprint, however it was reached", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 40);
  const first = await fingerprint(page).textContent();
  await goTo(page, 200);
  await expect(fingerprint(page)).not.toHaveText(first);
  await goTo(page, 40);
  await expect(fingerprint(page)).toHaveText(first);
});

test("actions are undone and done again", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 30);
  const undo = page.getByRole("button", { name: "Undo" });
  const redo = page.getByRole("button", { name: "Redo" });
  const done = page.getByRole("list", { name: "What you did" }).getByRole("listitem");
  await expect(undo).toBeDisabled();
  await page.locator(".acts").getByRole("button", { name: "Bind the missing secret" }).click();
  await expect(done).toHaveCount(1);
  await undo.click();
  await expect(done).toHaveCount(0);
  await redo.click();
  await expect(done).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await expect(done).toHaveCount(0);
  await page.keyboard.press("Control+Shift+Z");
  await expect(done).toHaveCount(1);
  await expect(redo).toBeDisabled();
  const branches = page.getByRole("list", { name: "Branches" }).getByRole("button");
  await expect(branches).toHaveCount(2);
  await expect(branches.filter({ hasText: "your run" })).toHaveAttribute("aria-pressed", "true");
  await expect(branches.filter({ hasText: "without “Bind the missing secret”" })).toHaveCount(1);
});

test("stepping goes forth and back", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 30);
  const start = await fingerprint(page).textContent();
  await page.keyboard.press("ArrowRight");
  await expect(fingerprint(page)).not.toHaveText(start);
  await page.getByRole("button", { name: "Step back" }).click();
  await page.getByRole("button", { name: "Step back" }).click();
  await expect.poll(() => seconds(page)).toBeLessThan(30);
  await page.keyboard.press("n");
  await expect.poll(() => seconds(page)).toBeGreaterThan(30);
});

test("a reload comes back to the same step, with prediction and notes", async ({ page }) => {
  await openRun(page);
  await predict(page, 1, "guess");
  await goTo(page, 50);
  await page.locator(".acts").getByRole("button", { name: "Retry the wake" }).click();
  await page.getByRole("textbox", { name: "Notes" }).fill("look at the vault");
  await goTo(page, 61);
  const before = await fingerprint(page).textContent();
  await page.waitForTimeout(300);
  await page.reload();
  await expect(fingerprint(page)).toHaveText(before);
  await expect(moment(page)).toHaveText("61.000 s");
  await expect(page.getByText("not so")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Notes" })).toHaveValue("look at the vault");
  await expect(page.getByRole("list", { name: "What you did" }).getByRole("listitem")).toHaveCount(1);
});

test("the start page leads back to where one left", async ({ page }) => {
  await openRun(page, "s/stuck-wake?seed=9");
  await predict(page);
  await goTo(page, 33);
  await page.waitForTimeout(300);
  await page.getByRole("link", { name: "Study Lab" }).click();
  await page.getByRole("link", { name: "Continue where you left" }).click();
  await expect(moment(page)).toHaveText("33.000 s");
  await expect(page.locator(".facts dd").first()).toHaveText("9");
});

test("the back button leads from debrief and twin run to the run, and only then off the page", async ({ page }) => {
  await page.goto("./");
  await page.getByRole("link", { name: "Stuck Wake" }).first().click();
  await expect(fingerprint(page)).toHaveText(/^[0-9a-f]{8}$/);
  await predict(page);
  await goTo(page, 40);
  const before = await fingerprint(page).textContent();
  await lookBack(page);
  const debrief = page.getByRole("heading", { name: "Debrief" });
  const twin = page.getByRole("heading", { name: "Twin run" });
  await expect(debrief).toBeVisible();
  await page.goBack();
  await expect(debrief).toBeHidden();
  await expect(fingerprint(page)).toHaveText(before);
  await page.goForward();
  await expect(page.getByText("Not every objective was met.")).toBeVisible({ timeout: 20_000 });
  await page.keyboard.press("t");
  await expect(twin).toBeVisible();
  await page.goBack();
  await expect(debrief).toBeVisible();
  await page.goForward();
  await expect(twin).toBeVisible();
  await page.getByRole("button", { name: "Back to the run" }).click();
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  await expect(moment(page)).toHaveText("40.000 s");
  await expect.poll(() => page.evaluate(() => (history.state ?? 0) % 256)).toBe(0);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Study Lab");
});

test("another severity or seed keeps the run, and the back button leads to it", async ({ page }) => {
  const facts = page.locator(".facts dd");
  const severity = page.getByRole("combobox", { name: "severity" });
  await page.goto("./");
  await page.getByRole("link", { name: "Any Fleet" }).click();
  await expect(fingerprint(page)).toHaveText(/^[0-9a-f]{8}$/);
  await goTo(page, 40);
  const first = await fingerprint(page).textContent();

  await severity.selectOption("storm");
  await expect(page).toHaveURL(/severity=storm/);
  await expect(page.getByText("Your run of seed 1 is kept: at 40.000 s, nothing done in it.")).toBeVisible();
  await goTo(page, 50);
  const second = await fingerprint(page).textContent();

  await page.getByText("Chosen seeds").click();
  await page.locator(".seeds").first().getByRole("button").first().click();
  await expect(moment(page)).toHaveText(/^0\.000 s$|^[0-9.]+ s$/);
  await expect(fingerprint(page)).not.toHaveText(second);
  await expect(page.getByText("Your run of seed 1, storm is kept")).toBeVisible();

  await page.goBack();
  await expect(moment(page)).toHaveText("50.000 s");
  await expect(fingerprint(page)).toHaveText(second);
  await expect(severity).toHaveValue("storm");
  await page.goBack();
  await expect(moment(page)).toHaveText("40.000 s");
  await expect(fingerprint(page)).toHaveText(first);
  await expect(severity).toHaveValue("rough");
  await page.goForward();
  await expect(moment(page)).toHaveText("50.000 s");
  await page.reload();
  await expect(moment(page)).toHaveText("50.000 s");
  await expect(fingerprint(page)).toHaveText(second);

  await page.getByText("Earlier runs").click();
  await page.getByRole("button", { name: "seed 1", exact: true }).click();
  await expect(moment(page)).toHaveText("40.000 s");
  await expect(fingerprint(page)).toHaveText(first);
  await page.goBack();
  await expect(moment(page)).toHaveText("50.000 s");
  await page.goBack();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Study Lab");
  expect(await facts.count()).toBe(0);
});

test("a run that is begun again with the same seed can be gone back to", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 30);
  await page.locator(".acts").getByRole("button", { name: "Bind the missing secret" }).click();
  await page.getByRole("button", { name: "Same seed again" }).click();
  await expect(moment(page)).toHaveText("12.000 s");
  await expect(page.getByText("Your run of seed 1 is kept: at 30.000 s, 1 action.")).toBeVisible();
  await page.getByRole("button", { name: "Go back to it" }).click();
  await expect(moment(page)).toHaveText("30.000 s");
  await expect(page.getByRole("list", { name: "What you did" }).getByRole("listitem")).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Go back to it" })).toHaveCount(0);
});

test("a link reproduces the run elsewhere", async ({ page, browser, baseURL, context }) => {
  await context.grantPermissions(["clipboard-write"]);
  // The page's policy lets nobody read the clipboard, so what is written to it is noted on its way.
  await page.addInitScript(() => {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => {
      window.copied = text;
      return write(text);
    };
  });
  await openRun(page, "s/stuck-wake?seed=5");
  await predict(page);
  await goTo(page, 30);
  await page.locator(".acts").getByRole("button", { name: "Repair the artifact store" }).click();
  await goTo(page, 70);
  const here = await fingerprint(page).textContent();
  await page.waitForTimeout(300);
  await page.keyboard.press("c");
  await expect(page.getByRole("status").filter({ hasText: "Link copied." })).toBeAttached();
  const link = await page.evaluate(() => window.copied);
  expect(link).toContain("#v1.");
  expect(link.startsWith(baseURL)).toBe(true);

  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await other.goto(link);
  await expect(other.locator(".facts dd").nth(2)).toHaveText(here);
  await expect(other.locator(".facts dd").first()).toHaveText("5");
  await elsewhere.close();
});

test("a link that was damaged is refused, and the run stays", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 40);
  const before = await fingerprint(page).textContent();
  for (const [damage, words] of [["#v1.AAAA", "cut off|checksum"], ["#v1.AA)A", "position"], ["#v9.AAAA", "version"]]) {
    await page.evaluate((hash) => { location.hash = hash; }, damage);
    await expect(page.getByRole("alert")).toContainText(new RegExp(words));
    await expect(fingerprint(page)).toHaveText(before);
    await expect(moment(page)).toHaveText("40.000 s");
    await page.getByRole("button", { name: "Dismiss" }).click();
  }
});

test("an address that waives a gate that there is not is refused, and the run stays", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 40);
  const before = await fingerprint(page).textContent();
  await page.waitForTimeout(300);
  for (const [query, quoted, hint] of [
    ["seed=7&waive=nope", "nope", "Twin run"],
    ["seed=7&waive=hold-slot-free", "hold-slot-free", "Did you mean `hold-slots-free`?"],
    ["sead=7", "sead", "Did you mean `seed`?"],
    ["seed=", "``", "For example 7"],
  ]) {
    await page.goto(`s/stuck-wake?${query}`);
    await expect(page.getByRole("alert")).toContainText(quoted);
    await expect(page.getByRole("alert")).toContainText(hint);
    await expect(fingerprint(page)).toHaveText(before);
    await expect(moment(page)).toHaveText("40.000 s");
  }
  await page.goto("s/stuck-wake?seed=7&waive=hold-slots-free");
  await expect(page.getByText("hold slots free", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.locator(".facts dd").first()).toHaveText("7");
});

test("what is wrong with an address or a field is said, with what is allowed", async ({ page }) => {
  await page.goto("s/stuck-wkae");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("stuck-wkae");
  await expect(page.getByText("Did you mean `stuck-wake`?")).toBeVisible();
  await page.goto("no/such/page");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("no/such/page");
  await page.goto("s/stuck-wake?seed=12x");
  await expect(page.getByRole("alert")).toContainText("12x");
  await expect(page.getByRole("alert")).toContainText("whole number");
  await page.goto("./");
  await page.getByRole("textbox", { name: "Seed" }).first().fill("-3");
  await page.getByRole("button", { name: "Start Stuck Wake" }).click();
  await expect(page.getByRole("alert")).toContainText("-3");
  await page.getByRole("textbox", { name: "Link or its last part" }).fill("v1.oops!");
  await page.getByRole("button", { name: "Open" }).click();
  await expect(page.getByRole("alert").last()).toContainText("position");
});

test("a simulator that dies is replaced and the run rebuilt", async ({ page }) => {
  // Remembers the worker, so that the spec can break it.
  await page.addInitScript(() => {
    const Real = globalThis.Worker;
    globalThis.Worker = class extends Real { constructor(...args) { super(...args); globalThis.lastWorker = this; } };
  });
  await openRun(page);
  await predict(page);
  await goTo(page, 44);
  const before = await fingerprint(page).textContent();
  await page.evaluate(() => globalThis.lastWorker.dispatchEvent(new ErrorEvent("error", { message: "out of memory" })));
  await expect(page.getByText("The simulator stopped and was started again")).toBeVisible();
  await expect(fingerprint(page)).toHaveText(before);
  await goTo(page, 60);
});

test("a damaged record is set aside, not deleted", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.waitForTimeout(300);
  await page.evaluate(() => localStorage.setItem("study-lab.v1.run.stuck-wake", "study-lab run 1\nreplay v1.nonsense"));
  await page.reload();
  await expect(page.getByText("It was set aside")).toBeVisible();
  const kept = await page.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith("study-lab.v1.set-aside.")));
  expect(kept).toHaveLength(1);
  expect(kept[0][1]).toContain("nonsense");
});

test("the lab works where nothing can be stored", async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } });
  });
  await openRun(page);
  await expect(page.getByText("keeps nothing for this page")).toBeVisible();
  await predict(page);
  await goTo(page, 30);
});
