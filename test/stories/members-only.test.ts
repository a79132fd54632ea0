import type { Application } from "express";
import { describe, expect, it } from "vitest";
import {
  type DiscordOAuth2Session,
  discordRouter,
  Forbidden,
  HttpException,
  type RouterOnLogin,
} from "../../src/index.js";
import { EXPRESS, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { exchangesAt, lastError, openLogin, signedInAs } from "../support/login.js";
import { SharedStore } from "../support/memory-store.js";
import { failureOf } from "../support/signed-in.js";

const MEMBER_ROUTE = "GET /guilds/:id/members/:id";

async function startGate(createApp: () => Application, onLogin: RouterOnLogin, store = new SharedStore()) {
  const simulator = await startSimulator();
  const start = (redirectUri?: string) =>
    startApp(createApp, simulator, {
      callbackPath: "/auth/callback",
      session: { store },
      discord: { redirectUri },
      routes: (to) => to.use("/auth", discordRouter({ afterLogin: "/home", onLogin })),
    });
  const app = await start();
  return { simulator, app, start, browser: app.browser(), user: simulator.addUser() };
}

/** As in the guide to guards. */
function membersOnly(guildId: () => string): RouterOnLogin {
  return async (req) => {
    const discord: DiscordOAuth2Session = req.app.get("discord");
    await discord.fetchMember(req, guildId(), { as: "bot", fresh: true }).catch((error: unknown) => {
      const isStranger = error instanceof HttpException && error.status === 404;
      throw isStranger ? new Forbidden("This site is for members of our server.") : error;
    });
  };
}

async function startMembersOnly(createApp: () => Application) {
  let guildId = "";
  const started = await startGate(
    createApp,
    membersOnly(() => guildId),
  );
  const guild = started.simulator.addGuild();
  guildId = guild.id;
  return { ...started, guild };
}

describe.each(EXPRESS)("logins for members on %s", (_name, createApp) => {
  it("a login for members of one server lets members in", async () => {
    const { browser, guild, simulator, user } = await startMembersOnly(createApp);
    simulator.addMember(guild, user);

    const back = await browser.signIn("/auth/login", { user });

    expect([back.status, back.location]).toEqual([302, "/home"]);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a login for members of one server tells strangers what the app says, and signs them out only here", async () => {
    const { app, browser, guild, simulator, user } = await startMembersOnly(createApp);
    simulator.addMember(guild, user);
    const elsewhere = app.browser();
    await elsewhere.signIn("/auth/login", { user });
    simulator.removeMember(guild, user);

    const back = await browser.signIn("/auth/login", { user });

    expect(failureOf(back)).toBe("403 forbidden");
    expect(back.text).toContain("This site is for members of our server.");
    expect(await signedInAs(browser)).toBeUndefined();
    expect(await signedInAs(elsewhere)).toBe(user.id);
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toEqual([]);
  });

  it("a login for members lets nobody in while Discord is down, even if the callback is repeated", async () => {
    const { browser, guild, simulator, user } = await startMembersOnly(createApp);
    simulator.addMember(guild, user);
    simulator.fail({ route: MEMBER_ROUTE, kind: "status", status: 500 });
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login");
    const twin = browser.clone();

    expect(failureOf(await browser.get(callbackUrl))).toBe("502 discord_unavailable");
    expect((await twin.get(callbackUrl)).status).toBe(400);
    expect([await signedInAs(browser), await signedInAs(twin)]).toEqual([undefined, undefined]);

    await browser.signIn("/auth/login", { user });
    expect(await signedInAs(browser)).toBe(user.id);
  });
});

describe.each(EXPRESS)("paths returned by onLogin on %s", (_name, createApp) => {
  it.each([
    ["at once", () => "/welcome?first=1"],
    ["later", async () => "/welcome?first=1"],
  ])("the path that onLogin returns takes precedence over returnTo: %s", async (_when, onLogin) => {
    const { browser, user } = await startGate(createApp, onLogin);

    const back = await browser.signIn("/auth/login?returnTo=/deep", { user });

    expect([back.status, back.location]).toEqual([302, "/welcome?first=1"]);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("the path that onLogin returns also applies to a double click", async () => {
    const { browser, simulator, user } = await startGate(createApp, async () => "/welcome");
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login");
    const [twin, later] = [browser.clone(), browser.clone()];

    const answers = await Promise.all([browser.get(callbackUrl), twin.get(callbackUrl)]);
    answers.push(await later.get(callbackUrl));

    expect(answers.map(({ location }) => location)).toEqual(Array(3).fill("/welcome"));
  });

  it.each(["https://evil.example/", "//evil.example", "welcome"])(
    "a login fails if onLogin returns a path outside of the app: %s",
    async (path) => {
      const { app, browser, user } = await startGate(createApp, () => path);

      expect(failureOf(await browser.signIn("/auth/login", { user }))).toBe("400 invalid_return_to");

      expect(String(lastError(app))).toMatch(/^TypeError: What onLogin returns must be a path/);
      expect(await signedInAs(browser)).toBeUndefined();
    },
  );

  it("a value of onLogin that is not a string is ignored", async () => {
    const { browser, user } = await startGate(createApp, (() => ({ rows: 1 })) as unknown as RouterOnLogin);

    expect((await browser.signIn("/auth/login", { user })).location).toBe("/home");
  });
});

describe.each(LATEST_EXPRESS)("paths of onLogin on %s", (_name, createApp) => {
  it("the path that onLogin returns also applies if the callback is repeated in another process", async () => {
    const { app, start, browser, simulator, user } = await startGate(createApp, () => "/welcome");
    const other = await start(`${app.url}/auth/callback`);
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login");
    const twin = browser.clone();

    const answers = [await browser.get(callbackUrl), await twin.get(callbackUrl.replace(app.url, other.url))];

    expect(answers.map(({ location }) => location)).toEqual(["/welcome", "/welcome"]);
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("the path that onLogin returns is the returnTo of callback's result", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/back",
      login: { returnTo: "/deep" },
      routes(to, discord) {
        to.get("/back", (req, res, next) => {
          discord.callback(req, res, { onLogin: () => "/welcome" }).then((result) => res.json(result), next);
        });
      },
    });

    const back = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect(back.json()).toMatchObject({ replayed: false, returnTo: "/welcome" });
  });
});
