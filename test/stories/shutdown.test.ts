import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { exchangesAt, openLogin, signedInAs } from "../support/login.js";
import { observe, SESSION, SharedStore } from "../support/memory-store.js";
import { refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

const TOKENS = "POST /oauth2/token";

function isSessionWrite(use: string): boolean {
  return use.startsWith("set ") && SESSION.test(use.slice("set ".length));
}

describe.each(LATEST_EXPRESS)("shutdown on %s", (_name, createApp) => {
  it("a refresh that begins while close() waits for another keeps its pair", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    const late = app.browser();
    const user = simulator.addUser();
    await late.signIn("/login", { user });
    advance(WEEK_MS);
    simulator.fail({ kind: "delay", ms: 500, route: TOKENS, times: 2 });

    const waitedFor = browser.get("/guarded");
    await expect.poll(() => refreshesAt(simulator)).toBe(1);
    const closing = app.discord.close();
    const begunMeanwhile = late.get("/guarded");
    await expect.poll(() => refreshesAt(simulator)).toBe(2);
    await closing;

    expect([(await waitedFor).status, (await begunMeanwhile).status]).toEqual([200, 200]);
    expect(await signedInAs(late)).toBe(user.id);
  });

  it("close() waits for the login whose code is being exchanged", async () => {
    const { simulator, app, user } = await startSignedIn(createApp);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    simulator.fail({ kind: "delay", ms: 300, route: TOKENS });

    const callback = browser.get(callbackUrl);
    await expect.poll(() => exchangesAt(simulator)).toBe(1);
    await app.discord.close();

    expect((await callback).json()).toMatchObject({ userId: user.id });
  });

  it("close() waits until logins are stored, including one that begins in the meantime", async () => {
    const observed = observe(new SharedStore());
    const { simulator, app, user } = await startSignedIn(createApp, { session: { store: observed.store } });
    const logins = [
      { browser: app.browser(), user },
      { browser: app.browser(), user: simulator.addUser() },
    ];
    const open = await Promise.all(
      logins.map(async (login) => ({ ...login, ...(await openLogin(login.browser, simulator, login.user)) })),
    );
    const saved = observed.uses.filter(isSessionWrite).length;
    const exchanged = exchangesAt(simulator);
    simulator.fail({ kind: "delay", ms: 300, route: TOKENS, times: 2 });
    const saving = observed.hold("set", SESSION);

    const callbacks = [open[0]?.browser.get(open[0].callbackUrl)];
    await expect.poll(() => exchangesAt(simulator)).toBe(exchanged + 1);
    const closing = app.discord.close();
    callbacks.push(open[1]?.browser.get(open[1].callbackUrl));
    await saving.begun;
    saving.release();
    await closing;

    expect(observed.uses.filter(isSessionWrite)).toHaveLength(saved + 2);
    expect((await Promise.all(callbacks)).map((answer) => answer?.status)).toEqual([200, 200]);
  });

  it("close() gives up on what takes too long", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp, {
      discord: { timeoutMs: 200 },
    });
    advance(WEEK_MS);
    simulator.fail({ kind: "hang", route: TOKENS });
    const guarded = browser.get("/guarded");
    await expect.poll(() => refreshesAt(simulator)).toBe(1);
    await app.discord.close();
    expect((await guarded).status).toBe(504);
  });

  it("close() writes what the store rejected a moment before", async () => {
    const observed = observe(new SharedStore());
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    advance(WEEK_MS);
    observed.fail("set");
    expect((await browser.get("/guarded")).status).toBe(200);
    observed.recover();
    await app.discord.close();

    const next = await startApp(createApp, simulator, {
      session: { store: observed.store },
      discord: { redirectUri: `${app.url}/callback` },
    });
    expect((await browser.get(`${next.url}/me`)).json()).toEqual({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });
});
