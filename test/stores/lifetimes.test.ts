import type { Application, Request } from "express";
import { describe, expect, it } from "vitest";
import { type DiscordOAuth2Session, discordRouter, requiresAuthorization } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { refreshesAt } from "../support/signed-in.js";
import { recordKeyIn, type SignedInOnStore, sessionKeyIn, startSignedInOn } from "../support/signed-in-on.js";
import { STORES, served } from "../support/stores.js";

type Mount = (app: Application, discord: DiscordOAuth2Session) => void;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Stores count in whole seconds, and waits move the library's time. */
const TOLERANCE_MS = 3000;

/** Every kind whose entries live as long as the session's cookie says. */
const BY_COOKIE = STORES.filter(({ ownTtlMs }) => ownTtlMs === undefined);

const LENGTHENED: readonly (readonly [when: string, callbackPath: string, mount: Mount])[] = [
  ["in onLogin", "/auth/callback", lengthenInOnLogin],
  ["after callback()", "/long/callback", lengthenAfterCallback],
];

describe.each(LATEST_EXPRESS)("lifetimes on %s", (_express, createApp) => {
  describe.each(served(STORES))("%s", (name, kind) => {
    it.each([
      ["end with the browser", {}],
      ["live an hour", { cookie: { maxAge: HOUR_MS } }],
      ["live 20 days", { cookie: { maxAge: 20 * DAY_MS } }],
    ])(`${name} keeps a record as long as its session if sessions %s`, async (_lifetime, session) => {
      const story = await startSignedInOn(createApp, kind, { session });
      await expectEqualLifetimes(story);
    });

    it(`${name} keeps a record as long as its session after each visit and each refresh`, async () => {
      const session = { rolling: true, cookie: { maxAge: 20 * DAY_MS } };
      const story = await startSignedInOn(createApp, kind, { session });
      const { simulator, browser, pass } = story;
      const step = (kind.ownTtlMs ?? 5 * DAY_MS) - HOUR_MS;
      for (let passed = 0; passed < 16 * DAY_MS; passed += step) {
        await pass(step);
        expect((await browser.get("/user?fresh=true")).status).toBe(200);
        await expectEqualLifetimes(story);
      }
      expect(refreshesAt(simulator)).toBe(2);
    });

    it(`${name} keeps the marker of a sign-out as long as the session`, async () => {
      const session = { cookie: { maxAge: 2 * HOUR_MS } };
      const story = await startSignedInOn(createApp, kind, { session });
      await story.browser.post("/logout");
      await expectEqualLifetimes(story);
    });
  });

  describe.each(served(BY_COOKIE))("%s", (name, kind) => {
    it.each(LENGTHENED)(
      `${name} keeps the record of a session extended %s`,
      async (_when, callbackPath, routes) => {
        const session = { cookie: { maxAge: HOUR_MS } };
        const { opened, browser, pass } = await startSignedInOn(createApp, kind, {
          session,
          callbackPath,
          routes,
        });
        await extended(opened);
        await pass(15 * DAY_MS);
        expect((await browser.get("/guarded")).status).toBe(200);
      },
    );

    it(`${name} keeps the record of a session extended some time after the login`, async () => {
      const session = { cookie: { maxAge: HOUR_MS } };
      const { browser, pass } = await startSignedInOn(createApp, kind, {
        session,
        routes: (app) => rememberMe(app),
      });
      await pass(HOUR_MS / 2);
      expect((await browser.get("/remember-me")).status).toBe(200);
      await pass(HOUR_MS / 4);
      expect((await browser.get("/guarded")).status).toBe(200);
      await pass(15 * DAY_MS);
      expect((await browser.get("/guarded")).status).toBe(200);
    });

    it(`${name} keeps the record of a session that a guarded page has just extended`, async () => {
      const session = { cookie: { maxAge: HOUR_MS } };
      const { opened, browser, pass } = await startSignedInOn(createApp, kind, {
        session,
        routes: (app) => rememberMe(app),
      });
      await pass(HOUR_MS / 2);
      expect((await browser.get("/remember-me")).status).toBe(200);
      await extended(opened);
      await pass(15 * DAY_MS);
      expect((await browser.get("/guarded")).status).toBe(200);
    });

    it(`${name} keeps the record of a session that a slow page has just extended`, async () => {
      const session = { cookie: { maxAge: HOUR_MS } };
      const { opened, browser, pass } = await startSignedInOn(createApp, kind, {
        session,
        routes: (app) => rememberMe(app, () => pass(HOUR_MS / 2)),
      });
      expect((await browser.get("/remember-me")).status).toBe(200);
      await extended(opened);
      await pass(15 * DAY_MS);
      expect((await browser.get("/guarded")).status).toBe(200);
    });
  });
});

/** Waits until the record is extended, which happens after the response has ended. */
async function extended(opened: SignedInOnStore["opened"]): Promise<void> {
  const lifetime = async () => opened.lifetimeMs(await recordKeyIn(opened));
  await expect.poll(lifetime, { timeout: 5000 }).toBeGreaterThan(19 * DAY_MS);
}

async function expectEqualLifetimes({ opened, quiet }: SignedInOnStore): Promise<void> {
  await quiet();
  const ofSession = await opened.lifetimeMs(await sessionKeyIn(opened));
  const ofRecord = await opened.lifetimeMs(await recordKeyIn(opened));
  const difference = ofRecord === ofSession ? 0 : Math.abs(ofRecord - ofSession);
  expect(difference, `record ${ofRecord} ms, session ${ofSession} ms`).toBeLessThan(TOLERANCE_MS);
}

function lengthenInOnLogin(app: Application): void {
  app.use("/auth", discordRouter({ onLogin: lengthen }));
}

function lengthenAfterCallback(app: Application, discord: DiscordOAuth2Session): void {
  app.get(
    "/long/callback",
    forward(async (req, res) => {
      const login = await discord.callback(req, res);
      await new Promise((resolve) => setImmediate(resolve));
      lengthen(req);
      res.json(login);
    }),
  );
}

function rememberMe(app: Application, work: () => Promise<unknown> = async () => {}): void {
  app.get(
    "/remember-me",
    requiresAuthorization,
    forward(async (req, res) => {
      await work();
      lengthen(req);
      res.json({ remembered: true });
    }),
  );
}

function lengthen(req: Request): void {
  req.session.cookie.maxAge = 20 * DAY_MS;
  // express-session does not save a session if only its cookie has changed.
  Object.assign(req.session, { remembered: true });
}
