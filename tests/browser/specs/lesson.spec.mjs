// A whole lesson, as a learner plays it.

import { expect, test } from "@playwright/test";
import { debrief, goTo, moment, openRun, predict, seconds } from "./support.mjs";

/** What to do about each cause that a seed of Stuck Wake may draw. */
const CURES = {
  "A secret that the deployment names was never bound": ["Bind the missing secret", "Tell the owner: a secret is missing"],
  "The artifact store does not hand over the image": ["Repair the artifact store", "Tell the owner: the image could not be fetched"],
  "The service that the app is bound to is down": ["Restore the binding", "Tell the owner: a bound service is down"],
  "The readiness check asks a path that the app does not have": ["Correct the readiness check", "Tell the owner: the readiness check asks the wrong path"],
  "The process wants more memory than its limit and is killed": ["Raise the memory limit", "Tell the owner: the app needs more memory"],
};

/** The cause of a seed, from the debrief of a run that nobody touched. */
async function cause(browser, baseURL, seed) {
  const context = await browser.newContext({ baseURL });
  const page = await context.newPage();
  await openRun(page, `s/stuck-wake?seed=${seed}`);
  await predict(page);
  await debrief(page);
  await expect(page.getByText("Not every objective was met.")).toBeVisible({ timeout: 20_000 });
  const text = await page.locator(".debrief .lead").textContent();
  await context.close();
  return Object.keys(CURES).find((title) => text.includes(title));
}

for (const seed of [1, 4]) {
  test(`Stuck Wake can be solved, seed ${seed}`, async ({ page, browser, baseURL }) => {
    test.setTimeout(90_000);
    const found = await cause(browser, baseURL, seed);
    expect(found).toBeTruthy();
    const [repair, tell] = CURES[found];
    const act = (name) => page.locator(".acts").getByRole("button", { name }).click();

    await openRun(page, `s/stuck-wake?seed=${seed}`);
    await expect(page.getByText("The run stands still here.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Play" })).toBeHidden();
    await predict(page, 2, "sure");

    await page.getByRole("combobox", { name: "Speed" }).selectOption({ label: "as fast as it goes" });
    await page.getByRole("button", { name: "Play" }).click();
    await expect(page.getByText("It came out:")).toBeVisible();
    await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
    expect(await seconds(page)).toBeLessThan(30);

    for (const read of ["The wake operation", "The allocations"]) {
      await page.locator(".reads").getByRole("button", { name: read }).click();
      await page.getByRole("button", { name: "Read on" }).click();
      await expect(page.locator(".reads").getByRole("listitem").filter({ hasText: read }).locator(".shown")).toBeVisible();
    }
    await act(repair);
    await expect(page.getByRole("list", { name: "What you did" }).getByRole("listitem")).toHaveCount(1);
    await goTo(page, 60);
    await act("Retry the wake");
    await goTo(page, 75);
    await act(tell);
    await goTo(page, 600);
    await page.getByRole("button", { name: "Debrief" }).click();

    await expect(page.getByText("Every objective was met.")).toBeVisible({ timeout: 20_000 });
    await expect(page.locator(".profile tbody tr")).not.toHaveCount(0);
    await expect(page.getByText(found)).toBeVisible();
    await page.getByText("A reference solution").click();
    await expect(page.locator(".solution li").first()).toBeVisible();

    const question = page.locator(".after fieldset").first();
    await question.getByRole("radio").nth(1).check();
    await expect(question.getByText("not so")).toBeVisible();
    await question.getByRole("radio").first().check();
    await expect(question.getByText("right", { exact: true })).toBeVisible();

    await page.getByRole("button", { name: "Same lesson, new seed" }).click();
    await expect(page.getByRole("group", { name: "Your prediction" })).toBeVisible();
    await expect(moment(page)).toHaveText("12.000 s");
  });
}

test("nothing passes the reveal before a prediction is committed", async ({ page }) => {
  await openRun(page);
  await page.getByRole("button", { name: "Look around first" }).click();
  await page.getByRole("slider").fill("300000000");
  await expect.poll(() => seconds(page)).toBeGreaterThan(20);
  expect(await seconds(page)).toBeLessThan(24);
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page.getByRole("status").filter({ hasText: "waits here for your prediction" })).toBeAttached();
  expect(await seconds(page)).toBeLessThan(24);
});

test("a wrong move is named as one, with its reason", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await page.locator(".acts").getByRole("button", { name: "Mark the wake as hot" }).click();
  await expect(page.getByText("a wrong move")).toBeVisible();
  await expect(page.getByText("A state is what has been proved")).toBeVisible();
});

test("Wake Stampede opens and plays", async ({ page }) => {
  await openRun(page, "s/wake-stampede?seed=3");
  const looking = page.getByRole("button", { name: "Look around first" });
  if (await looking.isVisible()) await predict(page, 0);
  const before = await seconds(page);
  await page.keyboard.press("n");
  await expect.poll(() => seconds(page)).toBeGreaterThan(before);
});

test("the debrief keeps the cause to itself until the end or until it is asked for", async ({ page }) => {
  await openRun(page);
  await predict(page);
  await goTo(page, 40);
  await page.getByRole("button", { name: "Debrief" }).click();
  await expect(page.getByText("The run stands at 40.000 s of 10 min, and its cause is still to be found.")).toBeVisible();
  await page.waitForTimeout(500);
  await expect(page.getByText("The cause that this seed drew")).toHaveCount(0);
  await expect(page.getByText("A reference solution", { exact: true })).toHaveCount(0);
  await page.getByRole("button", { name: "Go on with the run" }).click();
  await expect(moment(page)).toHaveText("40.000 s");

  await page.keyboard.press("d");
  await page.getByRole("button", { name: "Show me the cause" }).click();
  await expect(page.getByText("The cause that this seed drew")).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("Played to its end from 40.000 s")).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Debrief" }).click();
  await expect(page.getByText("The cause that this seed drew")).toBeVisible({ timeout: 20_000 });

  await page.getByRole("button", { name: "Same lesson, new seed" }).click();
  await predict(page);
  await page.getByRole("button", { name: "Debrief" }).click();
  await expect(page.getByRole("button", { name: "Show me the cause" })).toBeVisible();
  await page.getByRole("button", { name: "Go on with the run" }).click();
  await goTo(page, 600);
  await page.getByRole("button", { name: "Debrief" }).click();
  await expect(page.getByText("The cause that this seed drew")).toBeVisible({ timeout: 20_000 });
});
