import type { Application, Request } from "express";
import { describe, expect, it } from "vitest";
import { discordRouter, Forbidden, type Login, type RouterOnLogin } from "../../src/index.js";
import { EXPRESS, forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { exchangesAt, openLogin, signedInAs } from "../support/login.js";
import { observe, SharedStore } from "../support/memory-store.js";
import { failureOf } from "../support/signed-in.js";

const OWN_PAGE = { headers: { "Sec-Fetch-Site": "same-origin" } };
/** A sealed token is longer than this; a marker or a lease is shorter. */
const LONGEST_NOTE = 150;

/** Two processes with one store. Their `onLogin` refuses the first login of a kind, and no other. */
async function startRefusing(
  createApp: () => Application,
  refuse: RouterOnLogin,
  isOfKind: (login: Login) => boolean = () => true,
) {
  const simulator = await startSimulator();
  const { store, content } = observe(new SharedStore());
  const logins: Login[] = [];
  const start = (redirectUri?: string) =>
    startApp(createApp, simulator, {
      session: { store },
      callbackPath: "/auth/callback",
      discord: { redirectUri },
      routes(to, discord) {
        to.get(
          "/connect",
          forward((req, res) => discord.createSession(req, res, { connect: "mira" })),
        );
        to.get(
          "/invite",
          forward((req, res) => discord.createSession(req, res, { scopes: ["bot"], incremental: false })),
        );
        to.use(
          "/auth",
          discordRouter({
            afterLogin: "/home",
            accountOf: () => "mira",
            onLogin(req, login, res) {
              if (!isOfKind(login)) return;
              logins.push(login);
              return logins.length === 1 ? refuse(req, login, res) : undefined;
            },
          }),
        );
      },
    });
  const app = await start();
  const other = await start(`${app.url}/auth/callback`);
  const tokens = async () =>
    Object.values(await content()).filter(({ grant = "" }) => grant.length > LONGEST_NOTE).length;
  return { simulator, app, other, logins, tokens, browser: app.browser(), user: simulator.addUser() };
}

function refuse(): never {
  throw new Forbidden("Not you.");
}

function destroySession(req: Request): Promise<void> {
  return new Promise((resolve) => req.session.destroy(() => resolve()));
}

function regenerateSession(req: Request): Promise<void> {
  return new Promise((resolve) => req.session.regenerate(() => resolve()));
}

describe.each(LATEST_EXPRESS)("logins that onLogin refuses on %s", (_name, createApp) => {
  it.each([
    ["a sign-in", "/auth/login"],
    ["a login that connects an account", "/connect"],
  ])("%s stays refused however often its callback is repeated", async (_what, path) => {
    const { app, browser, logins, other, simulator, tokens, user } = await startRefusing(createApp, refuse);
    const begun = await browser.get(path, OWN_PAGE);
    const callbackUrl = await simulator.approve(begun.location ?? "", { user });
    const [twin, later] = [browser.clone(), browser.clone()];

    const answers = await Promise.all([browser.get(callbackUrl), twin.get(callbackUrl)]);
    answers.push(await later.get(callbackUrl.replace(app.url, other.url)));

    expect(answers.map(failureOf)).toEqual(["403 forbidden", "400 code_rejected", "400 code_rejected"]);
    expect(logins).toHaveLength(1);
    expect(exchangesAt(simulator)).toBe(1);
    expect(await tokens()).toBe(0);
  });

  it("a bot invite of a signed-in visitor stays refused, and the visitor signed in", async () => {
    const { app, browser, logins, other, simulator, user } = await startRefusing(
      createApp,
      refuse,
      ({ scopes }) => scopes.includes("bot"),
    );
    const guild = simulator.addGuild({ bot: false });
    simulator.addMember(guild, user, { owner: true });
    await browser.signIn("/auth/login", { user });
    const { location = "" } = await browser.get("/invite");
    const callbackUrl = await simulator.approve(location, { user, guildId: guild.id });
    const later = browser.clone();

    expect(failureOf(await browser.get(callbackUrl))).toBe("403 forbidden");
    expect(failureOf(await later.get(callbackUrl.replace(app.url, other.url)))).toBe("400 code_rejected");

    expect(logins).toHaveLength(1);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each([
    ["destroys", destroySession],
    ["regenerates", regenerateSession],
  ])("a login ends if onLogin %s the session", async (_what, drop) => {
    const { app, browser, logins, other, simulator, tokens, user } = await startRefusing(createApp, (req) =>
      drop(req),
    );
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login");
    const [twin, later] = [browser.clone(), browser.clone()];

    const answers = await Promise.all([browser.get(callbackUrl), twin.get(callbackUrl)]);
    answers.push(await later.get(callbackUrl.replace(app.url, other.url)));

    expect(answers.map(({ status }) => status)).toEqual([302, 400, 400]);
    expect(logins).toHaveLength(1);
    expect(await tokens()).toBe(0);
    for (const one of [browser, twin, later]) expect(await signedInAs(one)).toBeUndefined();
  });

  it("a login ends if the app destroys the session after the callback", async () => {
    const simulator = await startSimulator();
    const { store, content } = observe(new SharedStore());
    const app = await startApp(createApp, simulator, {
      session: { store },
      callbackPath: "/back",
      routes: (to, discord) =>
        to.get(
          "/back",
          forward(async (req, res) => {
            const { replayed } = await discord.callback(req, res);
            await destroySession(req);
            res.json({ replayed });
          }),
        ),
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const twin = browser.clone();

    const answers = await Promise.all([browser.get(callbackUrl), twin.get(callbackUrl)]);

    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    const records = Object.values(await content()).map(({ grant = "" }) => grant.length);
    expect(Math.max(...records)).toBeLessThan(LONGEST_NOTE);
  });
});

describe.each(EXPRESS)("responses of onLogin on %s", (_name, createApp) => {
  it("a login is complete if onLogin sends a response itself", async () => {
    const { app, browser, user } = await startRefusing(createApp, (_req, _login, res) => {
      res.status(202).send("A page of the app. ".repeat(100));
    });

    const back = await browser.signIn("/auth/login", { user });

    expect([back.status, back.text.length]).toEqual([202, 1900]);
    // Waits until the login has been recorded.
    await app.discord.close();
    expect(await signedInAs(browser)).toBe(user.id);
    expect(app.errors).toEqual([]);
  });

  it("a visitor who signs out before onLogin has ended stays signed out, and no token is left", async () => {
    const gate = createGate();
    const { app, browser, tokens, user } = await startRefusing(createApp, async (_req, _login, res) => {
      res.send("Welcome.");
      await gate.opened;
    });
    await browser.signIn("/auth/login", { user });
    await browser.post("/logout");

    gate.open();
    await app.discord.close();

    expect(await tokens()).toBe(0);
    expect(await signedInAs(browser)).toBeUndefined();
  });
});
