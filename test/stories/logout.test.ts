import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import type { FaultKind } from "../../src/testing/index.js";
import { EXPRESS, forward } from "../support/app.js";
import { NOTE, OUR_KEY, observe, RECORD, SESSION } from "../support/memory-store.js";
import { failureOf, patienceFor, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

const REVOCATION = "POST /oauth2/token/revoke";
const DAY_MS = 86_400_000;

/** A promise and the function that resolves it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe.each(EXPRESS)("logouts on %s", (_name, createApp) => {
  it("a logout signs out at once, and does nothing the second time", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    expect((await browser.post("/logout")).status).toBe(200);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect((await browser.get("/authorized")).json()).toBe(false);
    expect((await browser.post("/logout")).status).toBe(200);
    expect((await app.browser().post("/logout")).status).toBe(200);
    expect(simulator.requests).toEqual([]);
  });

  it("a logout after the app has destroyed the session is an error that says so", async () => {
    const { browser } = await startSignedIn(createApp, {
      routes: (app, discord) =>
        app.post(
          "/destroy",
          forward(async (req) => {
            await new Promise((resolve) => req.session.destroy(resolve));
            await discord.revoke(req);
          }),
        ),
    });

    const answer = await browser.post("/destroy");

    expect(failureOf(answer)).toBe("500 session_missing");
    expect(answer.text).toContain("the app has already destroyed it");
  });

  it("a logout replaces the tokens with a marker that lives as long as the session", async () => {
    const { store, content } = observe(new MemoryStore());
    const { browser } = await startSignedIn(createApp, {
      session: { store, cookie: { maxAge: 5 * DAY_MS } },
    });
    await browser.post("/logout");

    const after = await content();
    expect(Object.keys(after).filter((id) => RECORD.test(id))).toEqual([]);
    const key = Object.keys(after).find((id) => NOTE.test(id)) ?? "";
    const [, session] = Object.entries(after).find(([id]) => SESSION.test(id)) ?? [];
    expect(session?.cookie.originalMaxAge).toBeGreaterThan(4 * DAY_MS);
    // express-session recomputes the age from the clock when it saves, and may be a few milliseconds short.
    const [marker, own] = [after[key], session].map((stored) => stored?.cookie.originalMaxAge ?? 0);
    expect(Math.abs(Number(marker) - Number(own))).toBeLessThan(1000);
  });

  it("the store decides how long a logout's marker lives if it decides for the session", async () => {
    const { store, content } = observe(new MemoryStore());
    const { browser } = await startSignedIn(createApp, { session: { store } });
    await browser.post("/logout");
    const record = Object.entries(await content()).find(([id]) => NOTE.test(id))?.[1];
    expect(record?.cookie).toMatchObject({ originalMaxAge: null, expires: null });
  });

  it.each([true, false])(
    "a logout holds against a slow request that writes the old session (resave %s)",
    async (resave) => {
      const { opened, open } = gate();
      const arrived = gate();
      const { simulator, browser, advance } = await startSignedIn(createApp, {
        session: { resave },
        routes(app) {
          app.get("/slow", (req, res) => {
            Object.assign(req.session, { visits: 1 });
            arrived.open();
            void opened.then(() => res.json(req.session));
          });
        },
      });
      const slow = browser.get("/slow");
      await arrived.opened;
      await browser.post("/logout");
      open();
      expect((await slow).json()).toHaveProperty(`discord.${simulator.options.clientId}.grantId`);

      for (const _ of ["remembered", "read again"]) {
        expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
        advance(31_000);
      }
    },
  );

  it("a logout before the session is destroyed leaves only the marker", async () => {
    const { store, content } = observe(new MemoryStore());
    const { browser } = await startSignedIn(createApp, {
      session: { store },
      routes(app, discord) {
        app.post(
          "/leave",
          forward(async (req, res) => {
            await discord.revoke(req);
            await new Promise((resolve) => req.session.destroy(resolve));
            res.json({});
          }),
        );
      },
    });
    expect((await browser.post("/leave")).status).toBe(200);
    const keys = Object.keys(await content());
    expect(keys.map((key) => NOTE.test(key))).toEqual([true]);
    expect((await browser.get("/guarded")).status).toBe(401);
  });

  it("a logout here leaves the user's other devices signed in", async () => {
    const { app, user, browser } = await startSignedIn(createApp);
    const other = app.browser();
    await other.signIn("/login", { user });
    await browser.post("/logout");
    expect((await other.get("/user?fresh=true")).status).toBe(200);
  });

  it.each([
    ["works", 0],
    ["has expired", WEEK_MS],
  ])("a logout everywhere ends the user's other sign-ins too if the access token %s", async (_when, ms) => {
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp);
    const other = app.browser();
    await other.signIn("/login", { user });
    advance(ms);

    expect((await browser.post("/logout?everywhere=true")).status).toBe(200);
    expect(simulator.requestsTo(REVOCATION)).toHaveLength(1);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(failureOf(await other.get("/user?fresh=true"))).toBe("401 grant_ended");

    await browser.post("/logout?everywhere=true");
    expect(simulator.requestsTo(REVOCATION)).toHaveLength(1);
  });

  it("a logout everywhere signs the user's other devices out at once", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp);
    const other = app.browser();
    await other.signIn("/login", { user });
    const somebodyElse = app.browser();
    await somebodyElse.signIn("/login", { user: simulator.addUser() });

    expect((await browser.post("/logout?everywhere=true")).status).toBe(200);
    expect(failureOf(await other.get("/guarded"))).toBe("401 grant_ended");
    expect((await somebodyElse.get("/guarded")).status).toBe(200);

    await other.signIn("/login", { user });
    expect((await other.get("/guarded")).status).toBe(200);
  });

  it("a logout everywhere leaves a sign-in alone that began after Discord had revoked the others", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp);
    simulator.fail({ kind: "slow-body", chunkBytes: 1, everyMs: 500, route: REVOCATION });
    const loggedOut = browser.post("/logout?everywhere=true");
    await expect.poll(() => simulator.requestsTo(REVOCATION)[0]?.status).toBe(200);
    const other = app.browser();
    await other.signIn("/login", { user });

    expect((await loggedOut).status).toBe(200);
    expect((await other.get("/guarded")).status).toBe(200);
  });

  it("a login fails if Discord revokes its tokens before it is complete", async () => {
    const { simulator, app, user } = await startSignedIn(createApp);
    const when = () => {
      // Once the code has been exchanged, and before the app can use the tokens.
      setImmediate(() => simulator.removeAuthorization(user));
      return false;
    };
    simulator.fail({ kind: "reset", route: "POST /oauth2/token", when });
    const browser = app.browser();

    expect(failureOf(await browser.signIn("/login", { user }))).toBe("400 code_rejected");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    simulator.clearFaults();
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it("a logout everywhere revokes the access token if there is no refresh token", async () => {
    const { simulator, app, user } = await startSignedIn(createApp);
    const { refresh_token: _, ...answer } = simulator.issueToken(user, ["identify"]);
    simulator.fail({ kind: "status", status: 200, route: "POST /oauth2/token", body: answer });
    const browser = app.browser();
    await browser.signIn("/login", { user });

    await browser.post("/logout?everywhere=true");
    expect(simulator.requestsTo(REVOCATION)[0]?.form).toMatchObject({ token: answer.access_token });
  });

  it.each<readonly [string, FaultKind, string]>([
    ["resets the connection", { kind: "reset" }, "502 discord_unavailable"],
    ["does not answer", { kind: "hang" }, "504 discord_timeout"],
    ["answers 500", { kind: "status", status: 500 }, "502 discord_unavailable"],
    ["answers 502 in HTML", { kind: "html" }, "502 discord_unavailable"],
    ["answers 429", { kind: "rate-limited", retryAfter: 60 }, "503 rate_limited"],
    ["cuts the answer off", { kind: "swallowed" }, "502 discord_unavailable"],
  ])("a logout everywhere holds here when Discord %s", async (_what, fault, failure) => {
    const { simulator, browser } = await startSignedIn(createApp, { discord: patienceFor(fault) });
    simulator.fail({ ...fault, route: REVOCATION });
    expect(failureOf(await browser.post("/logout?everywhere=true"))).toBe(failure);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect((await browser.post("/logout?everywhere=true")).status).toBe(200);
  });

  it("a logout holds in this process when the store fails, and reports the failure", async () => {
    const observed = observe(new MemoryStore());
    const { browser } = await startSignedIn(createApp, { session: { store: observed.store } });
    observed.fail("set", OUR_KEY);
    const other = browser.clone();
    expect(failureOf(await browser.post("/logout"))).toBe("503 store_failed");
    expect(failureOf(await other.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a logout during a refresh waits for it and drops its result", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    advance(WEEK_MS);
    const writing = observed.hold("set");
    const guarded = browser.get("/guarded");
    await writing.begun;
    const usesBefore = observed.uses.length;
    const loggedOut = browser.post("/logout?everywhere=true");
    await expect.poll(() => observed.uses.length).toBeGreaterThan(usesBefore);
    writing.release();

    expect((await loggedOut).status).toBe(200);
    expect([200, 401]).toContain((await guarded).status);
    expect(simulator.requestsTo(REVOCATION)[0]?.status).toBe(200);
    for (const _ of ["remembered", "read again"]) {
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
      advance(31_000);
    }
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a logout before the response to a refresh leaves nothing of that response", async () => {
    const observed = observe(new MemoryStore());
    const { browser, advance } = await startSignedIn(createApp, { session: { store: observed.store } });
    advance(WEEK_MS);
    observed.hold("get").release();
    const reading = observed.hold("get");
    const guarded = browser.get("/guarded");
    await reading.begun;
    const loggedOut = browser.post("/logout");
    reading.release();

    await Promise.all([guarded, loggedOut]);
    advance(31_000);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });
});

describe.each(EXPRESS)("second logins on %s", (_name, createApp) => {
  it("a second login during a refresh of the first wins, and nothing of the first remains", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    const former = Object.keys(await observed.content()).find((id) => RECORD.test(id)) ?? "";
    advance(WEEK_MS);
    const writing = observed.hold("set");
    const slow = browser.clone().get("/user");
    await writing.begun;
    const next = simulator.addUser();
    const login = browser.signIn("/login", { user: next });
    await expect.poll(() => simulator.requestsTo("POST /oauth2/token").length).toBe(2);
    writing.release();

    expect((await login).json()).toMatchObject({ replayed: false, userId: next.id });
    await slow;
    expect((await browser.get("/user")).json()).toMatchObject({ id: next.id });
    expect(await observed.content()).not.toHaveProperty(former);
    expect(user.id).not.toBe(next.id);
  });

  it("a second login of the same user ends the former grant here, but not at Discord", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp);
    const former = browser.clone();
    await browser.signIn("/login", { user });
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect((await former.get("/guarded")).status).toBe(401);
    expect(simulator.requestsTo(REVOCATION)).toEqual([]);
  });
});
