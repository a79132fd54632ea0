import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { EXPRESS, startApp } from "../support/app.js";
import { observe, RECORD } from "../support/memory-store.js";
import { failureOf, lastFailure, patienceFor, refreshesAt, startSignedIn } from "../support/signed-in.js";

const PROBE = "/oauth2/@me";
/** A route that accepts no user tokens: Discord answers 401 to a valid one. */
const FOREIGN = "/guilds/1/members/2";

function asked(simulator: DiscordSimulator, route: string): number {
  return simulator.requestsTo(route).length;
}

/** Returns every bearer token that was sent, as often as it was sent. */
function bearers(simulator: DiscordSimulator): (string | undefined)[] {
  return simulator.requests
    .filter(({ authorization }) => authorization === "Bearer")
    .map(({ token }) => token);
}

describe.each(EXPRESS)("401 responses on %s", (_name, createApp) => {
  it("a 401 for a valid token is an error for the caller, remembered for a minute by grant and route", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    for (const _ of [1, 2, 3]) {
      expect(failureOf(await browser.get(`/request?route=${FOREIGN}`))).toBe("401 discord_error");
      expect(lastFailure(app).name).toBe("HttpException");
    }
    expect([asked(simulator, FOREIGN), asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([1, 1, 0]);

    await browser.get("/request?route=/guilds/1/members/3");
    expect(asked(simulator, "/guilds/1/members/3")).toBe(0);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);

    const other = app.browser();
    await other.signIn("/login", { user: simulator.addUser() });
    await other.get(`/request?route=${FOREIGN}`);
    expect(asked(simulator, FOREIGN)).toBe(2);

    advance(61_000);
    await browser.get(`/request?route=${FOREIGN}`);
    expect(asked(simulator, FOREIGN)).toBe(3);
  });

  it("a 401 for one method of a route does not stop another method", async () => {
    const { simulator, browser } = await startSignedIn(createApp, {
      routes(app, discord) {
        app.put("/write", (req, res, next) => {
          discord.request(req, FOREIGN, { method: "PUT", json: {} }).then((body) => res.json(body), next);
        });
      },
    });
    await browser.get(`/request?route=${FOREIGN}`);
    await browser.request("/write", { method: "PUT" });
    expect(asked(simulator, FOREIGN)).toBe(2);
  });

  it("a 401 for a dead token leads to one refresh and one retry", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp);
    simulator.expireAccessTokens(user);
    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ id: user.id });
    expect([asked(simulator, "/users/@me"), asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([
      2, 1, 1,
    ]);
    expect(app.errors).toEqual([]);
  });

  it("a dead token causes one probe and one refresh, however many calls get a 401 at once", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds", "connections"],
    });
    simulator.expireAccessTokens(user);
    const paths = Array.from({ length: 10 }, () => ["/user?fresh=true", "/guilds", "/connections"]).flat();
    const answers = await Promise.all(paths.map((path) => browser.get(path)));

    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect([asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([1, 1]);
  });

  it("a late 401 does not check the token again if it is already known to be dead", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, { scopes: ["identify", "guilds"] });
    simulator.expireAccessTokens(user);
    simulator.fail({ kind: "html", route: "POST /oauth2/token" });
    simulator.fail({ kind: "delay", ms: 300, route: "/users/@me/guilds" });
    const late = browser.get("/guilds");
    await expect.poll(() => asked(simulator, "/users/@me/guilds")).toBe(1);
    expect((await browser.get("/user?fresh=true")).status).toBe(502);

    expect((await late).status).toBe(200);
    expect([asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([1, 2]);
  });

  it("a 401 ends the sign-in if the token cannot be refreshed", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp);
    simulator.removeAuthorization(user);
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect(lastFailure(app)).toEqual({ name: "Unauthorized", status: 401, code: "grant_ended" });
    expect((await browser.get("/authorized")).json()).toBe(false);
    expect(failureOf(await browser.get("/user"))).toBe("401 not_signed_in");
    expect([asked(simulator, "/users/@me"), asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([
      1, 1, 1,
    ]);
  });

  it("a 401 ends the sign-in if there is no refresh token", async () => {
    const { simulator, app, user } = await startSignedIn(createApp);
    const { refresh_token: _, ...answer } = simulator.issueToken(user, ["identify"]);
    simulator.fail({ kind: "status", status: 200, route: "POST /oauth2/token", body: answer });
    const browser = app.browser();
    await browser.signIn("/login", { user });
    simulator.expireAccessTokens(user);

    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("a 401 ends the sign-in if Discord refuses the refreshed token too, instead of refreshing for ever", async () => {
    const { simulator, browser } = await startSignedIn(createApp);
    for (const route of ["/users/@me", PROBE])
      simulator.fail({ kind: "status", status: 401, route, times: Number.POSITIVE_INFINITY });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect([asked(simulator, "/users/@me"), asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([
      2, 2, 1,
    ]);
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 not_signed_in");
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a 401 of one route for the refreshed token is an error for the caller", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp);
    simulator.expireAccessTokens(user);
    expect(failureOf(await browser.get(`/request?route=${FOREIGN}`))).toBe("401 discord_error");
    expect([asked(simulator, FOREIGN), asked(simulator, PROBE), refreshesAt(simulator)]).toEqual([2, 2, 1]);
    expect(failureOf(await browser.get(`/request?route=${FOREIGN}`))).toBe("401 discord_error");
    expect(asked(simulator, FOREIGN)).toBe(2);
  });

  it.each([
    ["fails", { kind: "status", status: 500 }, "502 discord_unavailable"],
    ["hangs", { kind: "hang" }, "504 discord_timeout"],
    ["is rate limited", { kind: "rate-limited", retryAfter: 60 }, "503 rate_limited"],
    ["is blocked at the edge", { kind: "blocked" }, "403 discord_error"],
  ] as const)("a 401 signs nobody out when the check of the token %s", async (_what, fault, failure) => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      discord: patienceFor(fault),
    });
    simulator.expireAccessTokens(user);
    simulator.fail({ ...fault, route: PROBE });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe(failure);
    expect(refreshesAt(simulator)).toBe(0);
    expect((await browser.get("/guarded")).status).toBe(200);

    advance(61_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a dead token is never sent again while its refresh fails", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp);
    simulator.expireAccessTokens(user);
    simulator.fail({ kind: "status", status: 500, route: "POST /oauth2/token", times: 3 });
    for (const _ of [1, 2, 3])
      expect(failureOf(await browser.get("/user?fresh=true"))).toBe("502 discord_unavailable");
    expect(bearers(simulator)).toHaveLength(2);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);

    const [dead, probe, healed] = bearers(simulator);
    expect(probe).toBe(dead);
    expect(healed).not.toBe(dead);
    expect(bearers(simulator)).toHaveLength(3);
  });

  it("a bot invite does not end a sign-in whose token is dead while its refresh fails", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, {
      login: (req) => (req.query["invite"] ? { scopes: ["bot"], incremental: false } : {}),
    });
    const guild = simulator.addGuild({ bot: false });
    simulator.addMember(guild, user, { owner: true });
    simulator.expireAccessTokens(user);
    simulator.fail({ kind: "status", status: 500, route: "POST /oauth2/token" });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("502 discord_unavailable");

    await browser.signIn("/login?invite=yes", { user, guildId: guild.id });

    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ id: user.id });
  });

  it("a 401 leads to the pair that another process has stored", async () => {
    const { store } = observe(new MemoryStore());
    const { simulator, app, user, browser } = await startSignedIn(createApp, { session: { store } });
    const other = await startApp(createApp, simulator, { session: { store } });
    simulator.expireAccessTokens(user);
    expect((await browser.get(`${other.url}/me`)).status).toBe(200);
    expect([refreshesAt(simulator), asked(simulator, PROBE)]).toEqual([1, 1]);

    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect([refreshesAt(simulator), asked(simulator, PROBE)]).toEqual([1, 1]);
    expect(app.errors).toEqual([]);
  });

  it("a 401 ends a sign-in here that another process has ended", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, user, browser } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    simulator.expireAccessTokens(user);
    const key = Object.keys(await observed.content()).find((id) => RECORD.test(id)) ?? "";
    observed.store.destroy(key);
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect([refreshesAt(simulator), asked(simulator, PROBE)]).toEqual([0, 0]);
  });

  it("a scope that is known to be missing causes no call, and so no 401", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    const paths = ["/guilds", "/connections", "/member/1", "/join/1", "/scoped"];
    const routes = ["/users/@me/guilds", "/users/@me/guilds/1/member", "/users/@me/connections"];
    for (const path of [...paths, ...routes.map((route) => `/request?route=${route}`)]) {
      expect(failureOf(await browser.get(path))).toBe("403 missing_scopes");
      expect(lastFailure(app)).toEqual({ name: "MissingScopes", status: 403, code: "missing_scopes" });
    }
    expect(app.errors[0]).toMatchObject({ scopes: ["guilds"] });
    expect(simulator.requests).toEqual([]);
  });

  it("a 401 for the bot token is the operator's mistake, and signs nobody out", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds.join"],
      discord: { botToken: "a.wrong.one" },
    });
    const guild = simulator.addGuild();
    for (const path of ["/bot?route=/users/@me", `/join/${guild.id}`]) {
      expect(failureOf(await browser.get(path))).toBe("500 bot_token_rejected");
      expect(lastFailure(app)).toMatchObject({ name: "HttpException", status: 500 });
    }
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("a 401 for a webhook's or an interaction's token says nothing about the bot's token", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp, { discord: { botToken: "bot" } });
    const webhook = simulator.addWebhook(simulator.addGuild());
    expect(failureOf(await browser.get(`/bot?route=/webhooks/${webhook.id}/expired`))).toBe(
      "401 discord_error",
    );
    expect(app.errors.at(-1)).toMatchObject({ discordCode: 50027 });
    expect((await browser.get(`/bot?route=/webhooks/${webhook.id}/${webhook.token}`)).status).toBe(200);
  });
});
