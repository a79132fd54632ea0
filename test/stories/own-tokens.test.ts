import type { IncomingMessage } from "node:http";
import cookieSession from "cookie-session";
import type { Application, RequestHandler } from "express";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { replaceClock } from "../../src/clock.js";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  Forbidden,
  requiresGuild,
  type Token,
} from "../../src/index.js";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { createGate, type Gate } from "../support/gate.js";
import { issue } from "../support/held-token.js";
import { doubleClick, exchangesAt, openLogin } from "../support/login.js";
import { observe, SESSION, SharedStore } from "../support/memory-store.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { slowRoute } from "../support/slow-route.js";

/** A table of the app's own, with one row per user. */
class TokenTable {
  readonly rows = new Map<string, Token>();
  readsFail = false;
  writesFail = false;
  /** What the next write waits for. */
  gate: Gate | undefined;

  async find(userId: string): Promise<Token | undefined> {
    if (this.readsFail) throw new Error("The database is away.");
    return this.rows.get(userId);
  }

  async save(userId: string, token: Token | undefined): Promise<void> {
    if (this.writesFail) throw new Error("The database takes no writes.");
    const { gate } = this;
    this.gate = undefined;
    await gate?.opened;
    if (token) this.rows.set(userId, token);
    else this.rows.delete(userId);
  }
}

/** Stores the tokens in the app's table, under the user's id. */
class OwnTokens extends DiscordOAuth2Session {
  readonly table: TokenTable;

  constructor(table: TokenTable, app: Application, options: DiscordOptions) {
    super(app, options);
    this.table = table;
  }

  override async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
    const userId = this.userId(req);
    return userId === undefined ? undefined : this.table.find(userId);
  }

  override async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
    const userId = token?.userId ?? this.userId(req);
    if (userId !== undefined) await this.table.save(userId, token);
  }
}

/** Stores the tokens under the session's id, like the sample in docs/from-flask-discord.md. */
class BySession extends OwnTokens {
  override async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
    return this.table.find(sessionIdOf(req));
  }

  override async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
    await this.table.save(sessionIdOf(req), token);
  }
}

function sessionIdOf(req: IncomingMessage): string {
  return (req as IncomingMessage & { sessionID: string }).sessionID;
}

/** Watches what is saved, and leaves the storage to the library. */
class Watching extends DiscordOAuth2Session {
  readonly saved: (Token | undefined)[] = [];

  override async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
    return super.getAuthorizationToken(req);
  }

  override async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
    this.saved.push(token);
    await super.saveAuthorizationToken(req, token);
  }
}

describe.each(LATEST_EXPRESS)("the app's own token table on %s", (_express, createApp) => {
  it("tokens in the app's own table carry a sign-in through guarded page, refresh and logout", async () => {
    const { simulator, table, user, browser, advance } = await startWith();
    const first = table.rows.get(user.id);
    expect((await browser.get("/guarded")).status).toBe(200);
    advance(WEEK_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get("/user?fresh=true")));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(refreshesAt(simulator)).toBe(1);
    const second = table.rows.get(user.id);
    expect(second).toMatchObject({ id: first?.id, userId: user.id, scopes: ["identify"] });
    expect(second?.refreshToken).not.toBe(first?.refreshToken);

    await browser.post("/logout");
    expect(table.rows.size).toBe(0);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it.each<readonly [string, object]>([
    ["without its id, which caches need", { id: "" }],
    ["with its scopes as text, in which guilds.join contains guilds", { scopes: "identify guilds.join" }],
    ["without its expiry", { expiresAt: undefined }],
    ["with its expiry as text, as from a BIGINT", { expiresAt: "1900000000000" }],
  ])("a token that comes back from the app's own table %s is an error", async (_what, change) => {
    const { table, user, browser } = await startWith();
    table.rows.set(user.id, { ...(table.rows.get(user.id) as Token), ...change });

    const refused = await browser.get("/scoped");

    expect(refused.status).toBe(500);
    expect(refused.text).toContain(`What getAuthorizationToken returned: ${Object.keys(change)}`);
    expect(refused.text).not.toContain(table.rows.get(user.id)?.accessToken);
  });

  it("a visitor whose token in the app's own table is damaged can sign in again", async () => {
    const { table, user, browser } = await startWith();
    table.rows.set(user.id, { ...(table.rows.get(user.id) as Token), expiresAt: null as never });

    await browser.signIn("/login", { user });

    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
  });

  it("tokens that come back from the app's own table as text are an error that says so", async () => {
    const { table, user, browser } = await startWith();
    table.rows.set(user.id, JSON.stringify(table.rows.get(user.id)) as never);

    expect((await browser.get("/scoped")).text).toContain(
      "What getAuthorizationToken returned: It must be an object such as",
    );
  });

  it("tokens in the app's own table stay gone if a slow request restores the session after a logout", async () => {
    const slow = slowRoute();
    const { browser } = await startWith({ routes: slow.mount });
    const writing = browser.get(slow.path);
    await slow.entered;
    await browser.post("/logout");
    slow.letGo();
    await writing;
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a session restored after a logout does not use the user's next tokens in the app's own table", async () => {
    const session = { store: new SharedStore() };
    const table = new TokenTable();
    const create: TestAppOptions["create"] = (to, given) => new OwnTokens(table, to, given);
    const slow = slowRoute();
    const { simulator, user, app, browser } = await startSignedIn(createApp, {
      session,
      create,
      routes: slow.mount,
    });
    const other = await startApp(createApp, simulator, { session, create });
    const writing = browser.get(slow.path);
    await slow.entered;
    await browser.post("/logout");
    slow.letGo();
    await writing;
    const next = app.browser();
    await next.signIn("/login", { user });

    for (const { url } of [other, app]) {
      expect((await browser.get(`${url}/me`)).status).toBe(401);
      expect((await next.get(`${url}/me`)).json()).toEqual({ id: user.id });
    }
  });

  it("after an account switch, the app's own table holds the tokens of the next user", async () => {
    const { simulator, table, browser } = await startWith();
    const former = browser.clone();
    const second = simulator.addUser();
    await browser.signIn("/login", { user: second });
    expect([...table.rows.keys()]).toEqual([second.id]);
    expect((await browser.get("/me")).json()).toEqual({ id: second.id });
    expect((await former.get("/guarded")).status).toBe(401);
  });

  it("a double click puts the tokens of one login into the app's own table", async () => {
    const { simulator, app, table, user } = await startWith();
    const { browsers, statuses } = await doubleClick(app.browser(), simulator, user);
    expect(statuses).toEqual([200, 200]);
    expect(exchangesAt(simulator)).toBe(1);
    expect(table.rows.size).toBe(1);
    for (const one of browsers) expect((await one.get("/me")).json()).toEqual({ id: user.id });
  });

  it("a double click signs in both of its sessions if the app stores tokens by session", async () => {
    const { simulator, app, user } = await startSignedIn(createApp, {
      create: (to, given) => new BySession(new TokenTable(), to, given),
    });
    const { browsers, statuses } = await doubleClick(app.browser(), simulator, user);
    expect(statuses).toEqual([200, 200]);
    expect(exchangesAt(simulator)).toBe(1);
    for (const one of browsers) expect((await one.get("/me")).json()).toEqual({ id: user.id });
  });

  it("a login that onLogin refuses stays refused in another process", async () => {
    const { table, user, logins, other, browser, callbackUrl } = await openLoginOfTwo(() => {
      throw new Forbidden("Not you.");
    });
    const twin = browser.clone();

    expect(failureOf(await browser.get(callbackUrl))).toBe("403 forbidden");
    expect(failureOf(await twin.get(other(callbackUrl)))).toBe("400 code_rejected");
    expect((await twin.get(other("/me"))).status).toBe(401);
    expect([logins, table.rows.size]).toEqual([[user.id], 0]);
  });

  it("a login that onLogin signs out stays signed out in another process", async () => {
    const { table, user, logins, other, browser, callbackUrl } = await openLoginOfTwo((discord, req) =>
      discord.revoke(req),
    );
    const twin = browser.clone();

    await browser.get(callbackUrl);
    expect(failureOf(await twin.get(other(callbackUrl)))).toBe("400 code_rejected");
    expect((await twin.get(other("/me"))).status).toBe(401);
    expect([logins, table.rows.size]).toEqual([[user.id], 0]);
  });

  it.each(["/logout", "/logout?everywhere=true"])(
    "after %s in another process, a repeated callback does not restore the tokens",
    async (logout) => {
      const { table, other, browser, callbackUrl } = await openLoginOfTwo();
      const [twin, late] = [browser.clone(), browser.clone()];
      await browser.get(callbackUrl);
      await twin.get(callbackUrl);

      await twin.post(other(logout));
      expect(failureOf(await late.get(callbackUrl))).toBe("400 code_rejected");
      for (const one of [browser, twin, late]) expect((await one.get("/me")).status).toBe(401);
      expect(table.rows.size).toBe(0);
    },
  );

  it("a sign-out during a refresh in another process leaves no tokens in the app's own table", async () => {
    const store = new SharedStore();
    const table = new TokenTable();
    const create: TestAppOptions["create"] = (to, given) => new BySession(table, to, given);
    const { simulator, user, browser } = await startSignedIn(createApp, { session: { store }, create });
    const other = await startApp(createApp, simulator, { session: { store }, create });
    simulator.expireAccessTokens(user);
    const gate = createGate();
    table.gate = gate; // holds the write of the new pair
    const late = browser.clone().get("/user?fresh=true");
    await expect.poll(() => table.gate, { interval: 5 }).toBeUndefined();

    await browser.post(`${other.url}/logout`);
    gate.open();

    expect(failureOf(await late)).toBe("401 grant_ended");
    expect(table.rows.size).toBe(0);
    expect((await browser.get("/me")).status).toBe(401);
  });

  it("a double click of a signed-in visitor at two processes keeps the new tokens in the app's own table", async () => {
    const { simulator, table, user, other, browser, callbackUrl } = await openLoginOfTwo();
    await browser.get(callbackUrl);
    const first = table.rows.get(user.id);
    const { callbackUrl: nextUrl } = await openLogin(browser, simulator, user);
    const late = browser.clone();

    const answers = await Promise.all([browser.get(nextUrl), late.get(other(nextUrl))]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const one of [browser, late]) expect((await one.get("/me")).json()).toEqual({ id: user.id });
    expect(table.rows.get(user.id)?.id).not.toBe(first?.id);
  });

  it("after an account switch in another process, a repeated callback of the former login is refused", async () => {
    const { simulator, table, other, browser, callbackUrl } = await openLoginOfTwo();
    const [twin, late] = [browser.clone(), browser.clone()];
    await browser.get(callbackUrl);
    await twin.get(callbackUrl);
    const next = simulator.addUser();

    const { callbackUrl: nextUrl } = await openLogin(twin, simulator, next);
    await twin.get(other(nextUrl));

    expect(failureOf(await late.get(callbackUrl))).toBe("400 code_rejected");
    expect([...table.rows.keys()]).toEqual([next.id]);
  });

  it("a repeated callback does not overwrite refreshed tokens in the app's own table", async () => {
    const { simulator, app, table, user, advance } = await startWith({ accessTokenSeconds: 60 });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const late = browser.clone();
    await browser.get(callbackUrl);
    advance(60_000);
    await browser.get("/guarded");
    const refreshed = table.rows.get(user.id);
    expect((await late.get(callbackUrl)).json()).toMatchObject({ replayed: true });
    expect(table.rows.get(user.id)).toEqual(refreshed);
  });

  it("a sign-out everywhere ends the user's other tokens in the app's own table, without a session", async () => {
    const simulator = await startSimulator();
    const user = simulator.addUser();
    const rows = new Map<unknown, Token | undefined>();
    class ByDevice extends DiscordOAuth2Session {
      override async getAuthorizationToken({ headers }: IncomingMessage): Promise<Token | undefined> {
        return rows.get(headers["x-device"]);
      }
      override async saveAuthorizationToken({ headers }: IncomingMessage, token?: Token): Promise<void> {
        rows.set(headers["x-device"], token);
      }
    }
    const create: TestAppOptions["create"] = (app, options) => new ByDevice(app, options);
    const browser = (await startApp(createApp, simulator, { create })).browser();
    for (const id of ["phone", "tablet"]) {
      rows.set(id, { ...issue(simulator, user), id, issuedAt: Date.now(), userId: user.id });
    }
    const [phone, tablet] = [{ headers: { "x-device": "phone" } }, { headers: { "x-device": "tablet" } }];
    expect((await browser.get("/me", tablet)).json()).toEqual({ id: user.id });

    await browser.post("/logout?everywhere=true", phone);

    expect(failureOf(await browser.get("/me", tablet))).toBe("401 grant_ended");
  });

  it("a token of another sign-in than the session's is not taken for that of the session's user", async () => {
    const simulator = await startSimulator();
    const [mira, noah] = [simulator.addUser(), simulator.addUser()];
    let borrowed: Token | undefined;
    const rows = new Map<unknown, Token | undefined>();
    class Switchable extends DiscordOAuth2Session {
      override async getAuthorizationToken({ headers }: IncomingMessage): Promise<Token | undefined> {
        return headers["x-account"] ? borrowed : rows.get("own");
      }
      override async saveAuthorizationToken({ headers }: IncomingMessage, token?: Token): Promise<void> {
        if (headers["x-account"]) borrowed = token;
        else rows.set("own", token);
      }
    }
    const guild = simulator.addGuild({ id: "1100000000000000777" });
    simulator.addMember(guild, mira);
    const create: TestAppOptions["create"] = (app, options) => new Switchable(app, options);
    const app = await startApp(createApp, simulator, {
      create,
      routes: (to) =>
        void to.get("/staff", requiresGuild(guild.id, { as: "bot" }), (_req, res) => void res.send("in")),
    });
    const browser = app.browser();
    await browser.signIn("/login", { user: mira });
    expect((await browser.get("/staff")).text).toBe("in");
    const { accessToken, ...lent } = issue(simulator, noah, ["identify"]);
    borrowed = { ...lent, accessToken, id: "noah's", expiresAt: Date.now() - 1 } as Token;

    const other = { headers: { "x-account": "noah" } };
    expect(failureOf(await browser.get("/staff", other))).toBe("403 forbidden");

    expect(borrowed.accessToken).not.toBe(accessToken);
    expect(borrowed).toMatchObject({ issuedAt: expect.any(Number), userId: undefined });
    expect(borrowed.issuedAt).not.toBeNaN();
  });

  it("an unreadable table of tokens signs nobody out", async () => {
    const { table, browser } = await startWith();
    table.readsFail = true;
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
    table.readsFail = false;
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it("tokens that the app's table cannot store stay in memory, and are written on the next use", async () => {
    const { simulator, table, user, browser, advance } = await startWith();
    const first = table.rows.get(user.id);
    advance(WEEK_MS);
    table.writesFail = true;
    for (const _ of [1, 2]) expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(table.rows.get(user.id)).toEqual(first);

    advance(WEEK_MS);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(2);
    table.writesFail = false;
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(table.rows.get(user.id)?.expiresAt).toBeGreaterThan(first?.expiresAt ?? 0);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a login fails if the app's own table cannot store its tokens", async () => {
    const { simulator, app, table } = await startWith();
    table.writesFail = true;
    const browser = app.browser();
    const user = simulator.addUser();
    expect(failureOf(await browser.signIn("/login", { user }))).toBe("503 store_failed");
    table.writesFail = false;
    await browser.signIn("/login", { user });
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
  });

  it("without a session store, a reload completes a login whose tokens the app's own table could not store", async () => {
    const sessionMiddleware = cookieSession({ name: "visit", keys: ["a key"] }) as RequestHandler;
    const { simulator, app, table, user } = await startWith({ sessionMiddleware });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    table.writesFail = true;
    expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");
    table.writesFail = false;
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ replayed: false, userId: user.id });
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a login whose session cannot be saved leaves no tokens in the app's own table", async () => {
    const { store, fail, recover } = observe(new SharedStore());
    const { simulator, app, table } = await startWith({ session: { store } });
    table.rows.clear();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    fail("set", SESSION);
    expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");
    expect(table.rows.size).toBe(0);
    recover();
    expect((await browser.get(callbackUrl)).status).toBe(200);
    expect(table.rows.size).toBe(1);
  });

  it("the app's own table is read again if Discord refuses a token that another process has just used", async () => {
    const store = new MemoryStore();
    const { simulator, table, browser, advance } = await startWith({ session: { store } });
    const other = await startApp(createApp, simulator, {
      session: { store },
      create: (app, options) => new OwnTokens(table, app, options),
    });
    advance(WEEK_MS);
    // These waits are real: they are for something that takes real time.
    replaceClock({ now: () => Date.now() + WEEK_MS });
    const gate = createGate();
    table.gate = gate;
    const first = browser.get("/guarded");
    await expect.poll(() => answeredRefreshes(simulator), { interval: 5 }).toEqual([200]);
    const second = browser.get(`${other.url}/me`);
    await expect.poll(() => answeredRefreshes(simulator), { interval: 5 }).toEqual([200, 400]);
    gate.open();
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });

  it("token methods that only watch leave the tokens to the library", async () => {
    const watching: Watching[] = [];
    const create: TestAppOptions["create"] = (app, options) => {
      const created = new Watching(app, options);
      watching.push(created);
      return created;
    };
    const { simulator, browser, advance } = await startSignedIn(createApp, { create });
    advance(WEEK_MS);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
    await browser.post("/logout");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(watching[0]?.saved.map((token) => typeof token)).toEqual(["object", "object", "undefined"]);
  });

  /** Starts two processes with one table and one session store, and opens a login in the first. */
  async function openLoginOfTwo(
    onLogin: (discord: DiscordOAuth2Session, req: IncomingMessage) => Promise<void> | void = () => {},
  ) {
    const simulator = await startSimulator();
    const table = new TokenTable();
    const store = new SharedStore();
    const logins: (string | undefined)[] = [];
    const start = (redirectUri?: string) =>
      startApp(createApp, simulator, {
        session: { store },
        callbackPath: "/back",
        discord: { redirectUri },
        create: (app, given) => new OwnTokens(table, app, given),
        routes: (to, discord) =>
          to.get(
            "/back",
            forward(async (req, res) => {
              const result = await discord.callback(req, res, {
                onLogin: ({ userId }) => {
                  logins.push(userId);
                  return onLogin(discord, req);
                },
              });
              res.json(result);
            }),
          ),
      });
    const app = await start();
    const { url: otherUrl } = await start(`${app.url}/back`);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const other = (pathOrUrl: string) => otherUrl + pathOrUrl.replace(app.url, "");
    return { simulator, table, user, logins, other, browser, callbackUrl };
  }

  /** Starts an app with a signed-in visitor, whose tokens are in the table. */
  async function startWith({
    accessTokenSeconds = 604_800,
    ...options
  }: Pick<TestAppOptions, "routes" | "session" | "sessionMiddleware"> & {
    accessTokenSeconds?: number;
  } = {}) {
    const table = new TokenTable();
    const started = await startSignedIn(createApp, {
      ...options,
      behaviour: { accessTokenSeconds },
      create: (app, given) => new OwnTokens(table, app, given),
    });
    return { ...started, table };
  }
});

function answeredRefreshes(simulator: DiscordSimulator): (number | undefined)[] {
  return simulator.requestsTo("POST /oauth2/token").map(({ status }) => status);
}
