import { inspect } from "node:util";
import type { Request } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  HttpException,
  requiresAuthorization,
  type Token,
} from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { lastError, signedInAs } from "../support/login.js";

const OPTIONS = {
  clientId: "1100000000000000099",
  clientSecret: "a-client-secret-that-nobody-may-see",
  redirectUri: "http://localhost:3000/callback",
} as const satisfies DiscordOptions;

const SETTINGS = {
  DISCORD_CLIENT_ID: "2200000000000000099",
  DISCORD_CLIENT_SECRET: "a-secret-from-the-settings",
  DISCORD_REDIRECT_URI: "http://localhost:4000/callback",
};

/** Leaves one of the two methods unchanged. */
class HalfOverridden extends DiscordOAuth2Session {
  override async getAuthorizationToken(): Promise<Token | undefined> {
    return undefined;
  }
}

class OtherHalfOverridden extends DiscordOAuth2Session {
  override async saveAuthorizationToken(): Promise<void> {}
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(LATEST_EXPRESS)("DiscordOAuth2Session on %s", (_name, createApp) => {
  it("an instance made with an app is the app's instance", () => {
    const app = createApp();
    const discord = new DiscordOAuth2Session(app, OPTIONS);

    expect(app.get("discord")).toBe(discord);
    expect(discord.clientId).toBe(OPTIONS.clientId);
    expect(discord.redirectUri).toBe(OPTIONS.redirectUri);
  });

  it("an instance initialised with an app is the app's instance", () => {
    const app = createApp();
    const discord = new DiscordOAuth2Session(OPTIONS);

    expect(app.get("discord")).toBeUndefined();
    expect(discord.init(app)).toBe(discord);
    expect(app.get("discord")).toBe(discord);
  });

  it("options take precedence over the app's settings, and those over the environment", () => {
    const app = createApp();
    vi.stubEnv("DISCORD_CLIENT_ID", "1");
    vi.stubEnv("DISCORD_CLIENT_SECRET", "from-the-environment");
    vi.stubEnv("DISCORD_REDIRECT_URI", "http://localhost:1/callback");
    expect(new DiscordOAuth2Session(createApp()).clientId).toBe("1");

    app.set("DISCORD_CLIENT_ID", "2");
    app.set("DISCORD_REDIRECT_URI", "http://localhost:2/callback");
    const discord = new DiscordOAuth2Session(app, { redirectUri: "http://localhost:3/callback" });

    expect(discord.clientId).toBe("2");
    expect(discord.redirectUri).toBe("http://localhost:3/callback");
  });

  it("an instance reads no settings before init", () => {
    const app = createApp();
    const discord = new DiscordOAuth2Session();
    for (const [name, value] of Object.entries(SETTINGS)) app.set(name, value);

    expect(discord.init(app).clientId).toBe(SETTINGS.DISCORD_CLIENT_ID);
  });

  it("an error at init lists everything that is wrong, and the app gets no instance", () => {
    const app = createApp();

    expect(() => new DiscordOAuth2Session(app, { clientSecret: "two words", scopes: [] })).toThrow(
      /clientId is missing[\s\S]*redirectUri is missing[\s\S]*clientSecret must be[\s\S]*scopes must be/,
    );
    expect(app.get("discord")).toBeUndefined();
  });

  it("an instance can serve several apps with the same configuration", () => {
    const discord = new DiscordOAuth2Session(OPTIONS);
    const apps = [createApp(), createApp()];

    for (const app of apps) discord.init(app).init(app);

    expect(apps.map((app) => app.get("discord"))).toEqual([discord, discord]);
  });

  it("an instance refuses an app with another configuration", () => {
    const discord = new DiscordOAuth2Session({ redirectUri: OPTIONS.redirectUri, clientSecret: "secret" });
    const [one, other] = [createApp(), createApp()];
    one.set("DISCORD_CLIENT_ID", "1");
    other.set("DISCORD_CLIENT_ID", "2");
    discord.init(one);

    expect(() => discord.init(other)).toThrow(
      new TypeError(
        "This DiscordOAuth2Session already serves another app with a different configuration. Create one instance for each configuration.",
      ),
    );
    expect(other.get("discord")).toBeUndefined();
    expect(discord.clientId).toBe("1");
  });

  it("an app can have only one instance", () => {
    const app = createApp();
    const discord = new DiscordOAuth2Session(app, OPTIONS);

    expect(() => new DiscordOAuth2Session(app, OPTIONS)).toThrow(
      /^This app already has a DiscordOAuth2Session\./,
    );
    expect(app.get("discord")).toBe(discord);
  });

  it("a sub-app may have an instance of its own, and otherwise uses its parent's", () => {
    const [app, own, plain] = [createApp(), createApp(), createApp()];
    const discord = new DiscordOAuth2Session(app, OPTIONS);
    app.use("/own", own);
    app.use("/plain", plain);
    const other = new DiscordOAuth2Session(own, { ...OPTIONS, clientId: "1" });

    expect(own.get("discord")).toBe(other);
    expect(plain.get("discord")).toBe(discord);
    expect(app.get("discord")).toBe(discord);
  });

  it("a sub-app's own instance for the same application shares the sign-in", async () => {
    const simulator = await startSimulator();
    const parent = await startApp(createApp, simulator, {
      routes: (app) => {
        const admin = createApp();
        const own = new DiscordOAuth2Session(admin, {
          ...simulator.options,
          redirectUri: "http://127.0.0.1/admin/callback",
          scopes: ["identify", "guilds"],
        });
        app.use("/admin", admin);
        admin.get(
          "/scopes",
          requiresAuthorization,
          forward(async (req, res) => void res.json(await own.grantedScopes(req))),
        );
      },
    });
    const user = simulator.addUser();
    const browser = parent.browser();

    expect((await browser.get("/admin/scopes")).status).toBe(401);
    await browser.signIn("/login", { user });

    expect(await signedInAs(browser)).toBe(user.id);
    expect((await browser.get("/admin/scopes")).json()).toEqual(["identify"]);
  });

  it("guards find the instance only once there is one", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      create: (_app, options) => new DiscordOAuth2Session(options),
      routes: (to) => to.get("/guarded", requiresAuthorization, (_req, res) => void res.end()),
    });

    expect((await app.browser().get("/guarded")).status).toBe(500);
    expect(lastError(app)).toMatchObject({
      code: "init_missing",
      message: expect.stringContaining("discord.init(app)"),
    });
    expect((await app.browser().get("/login")).status).toBe(500);
    expect(lastError(app)).toMatchObject({ code: "init_missing" });
    expect((await app.browser().get("/callback?code=a&state=b")).status).toBe(500);
    expect(lastError(app)).toMatchObject({ code: "init_missing" });
  });

  it("an instance can be initialised while the app is running", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      create: (_app, options) => new DiscordOAuth2Session(options),
    });
    const user = simulator.addUser();
    const browser = app.browser();
    expect((await browser.get("/login")).status).toBe(500);

    app.discord.init(app.app);

    await browser.signIn("/login", { user });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("methods work for a request of a server whose responses are not those of Node.js", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        to.get(
          "/foreign",
          forward(async (req, ownRes) => {
            Object.assign(req, { res: {} });
            const before = [await discord.isAuthorized(req), discord.isLoginLoop(req)];
            await discord.revoke(req);
            ownRes.json([...before, await discord.isAuthorized(req)]);
          }),
        ),
    });
    const browser = app.browser();
    await browser.signIn("/login", { user: simulator.addUser() });

    expect((await browser.get("/foreign")).json()).toEqual([true, false, false]);
  });

  it("an app must override both token methods or neither", () => {
    for (const Half of [HalfOverridden, OtherHalfOverridden]) {
      const app = createApp();
      expect(() => new Half(app, OPTIONS)).toThrow(
        new TypeError("Override getAuthorizationToken and saveAuthorizationToken together, or neither."),
      );
      expect(app.get("discord")).toBeUndefined();
    }
  });

  it("the token is kept where the two token methods put it", async () => {
    const kept = new Map<string, Token>();
    class InMap extends DiscordOAuth2Session {
      override async getAuthorizationToken(req: Request): Promise<Token | undefined> {
        return kept.get(this.userId(req) ?? "");
      }
      override async saveAuthorizationToken(req: Request, token: Token | undefined): Promise<void> {
        const userId = this.userId(req) ?? "";
        if (token) kept.set(userId, token);
        else kept.delete(userId);
      }
    }
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { create: (to, options) => new InMap(to, options) });
    const user = simulator.addUser();
    const browser = app.browser();

    await browser.signIn("/login", { user });
    expect(kept.get(user.id)).toMatchObject({ userId: user.id, scopes: ["identify"] });
    expect(await signedInAs(browser)).toBe(user.id);

    await browser.post("/logout");
    expect(kept.size).toBe(0);
    expect(await signedInAs(browser)).toBeUndefined();
  });
});

describe("an instance without an app", () => {
  it("a call before init says that init is missing", async () => {
    const discord = new DiscordOAuth2Session(OPTIONS);

    expect(() => discord.clientId).toThrow(HttpException);
    await expect(discord.botRequest("/users/@me")).rejects.toMatchObject({
      code: "init_missing",
      status: 500,
      message: expect.stringContaining("discord.init(app)"),
    });
  });

  it("an instance without an app can be closed", async () => {
    await expect(new DiscordOAuth2Session().close()).resolves.toBeUndefined();
  });

  it("inspecting an instance hides its options", () => {
    expect(inspect(new DiscordOAuth2Session(OPTIONS), { depth: 10, showHidden: true })).not.toContain(
      OPTIONS.clientSecret,
    );
  });
});
