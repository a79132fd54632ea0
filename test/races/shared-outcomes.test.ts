import express from "express";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { advanceBoth } from "../support/clock.js";
import { openLogin, signedInAs } from "../support/login.js";
import { observe, SESSION } from "../support/memory-store.js";
import { failureOf, startSignedIn, WEEK_MS } from "../support/signed-in.js";

describe.each(LATEST_EXPRESS)("shared outcomes on %s", (_name, createApp) => {
  it("one callback of a double click stays signed in if the other's session cannot be saved", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, app, user } = await startSignedIn(createApp, { session: { store: observed.store } });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    observed.fail("set", SESSION);
    const saving = observed.hold("set", SESSION);

    const first = browser.clone().get(callbackUrl);
    await saving.begun;
    observed.recover();
    const second = browser.get(callbackUrl);
    saving.release();

    expect(failureOf(await first)).toBe("503 store_failed");
    expect((await second).json()).toMatchObject({ replayed: false, userId: user.id });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("an app's and its sub-app's instances of one configuration share refreshed tokens", async () => {
    const subApp = express();
    const { simulator, app, user, browser } = await startSignedIn(createApp, {
      routes: (to) => void to.use("/admin", subApp),
    });
    const admin = new DiscordOAuth2Session(subApp, {
      ...simulator.options,
      redirectUri: `${app.url}/callback`,
    });
    subApp.get(
      "/me",
      forward(async (req, res) => void res.json({ id: (await admin.fetchUser(req)).id })),
    );
    expect((await browser.get("/admin/me")).json()).toEqual({ id: user.id });
    advanceBoth(simulator, WEEK_MS);
    simulator.fail({ kind: "slow-body", chunkBytes: 20, everyMs: 20, route: "POST /oauth2/token" });

    const answers = await Promise.all([browser.get("/me"), browser.get("/admin/me")]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const path of ["/me", "/admin/me"])
      expect((await browser.get(path)).json()).toEqual({ id: user.id });
  });
});
