import { describe, expect, it } from "vitest";
import {
  DiscordOAuth2Session,
  type HeldToken,
  type Lock,
  type OnTokenChange,
  type Token,
  Unauthorized,
} from "../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { createGate } from "../support/gate.js";
import { issue, SCOPES } from "../support/held-token.js";
import { refreshesAt } from "../support/signed-in.js";

const WEEK_MS = 604_800_000;

async function startHeld(createApp: (typeof LATEST_EXPRESS)[number][1]) {
  const simulator = await startSimulator();
  const { discord } = await startApp(createApp, simulator);
  const clock = movableClock();
  const advance = (ms: number) => {
    clock.advance(ms);
    simulator.clock.advance(ms);
  };
  return { simulator, discord, user: simulator.addUser(), advance };
}

function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("This was to be refused."),
    (error: unknown) => error,
  );
}

describe.each(LATEST_EXPRESS)("sessionFromToken on %s", (_name, createApp) => {
  it("sessionFromToken gives the calls of a signed-in user outside of any request", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const guild = simulator.addGuild();
    simulator.addMember(guild, user);

    const session = discord.sessionFromToken(issue(simulator, user));

    expect((await session.fetchUser()).id).toBe(user.id);
    expect((await session.fetchGuilds()).map(({ id }) => id)).toEqual([guild.id]);
    expect((await session.fetchAuthorization()).scopes).toEqual(SCOPES);
    expect(await session.request("/users/@me")).toMatchObject({ id: user.id });
    await expect(session.fetchConnections()).rejects.toMatchObject({ code: "missing_scopes" });
  });

  it("revoke of a held token ends the user's other sign-ins, and tells the caller", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const changes: unknown[][] = [];
    const [held, other] = [issue(simulator, user), issue(simulator, user)];
    const session = discord.sessionFromToken(held, (...change) => void changes.push(change));

    await session.revoke();
    await session.revoke();

    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
    expect(changes).toMatchObject([[undefined, { accessToken: held.accessToken }]]);
    await expect(session.fetchUser()).rejects.toThrow(Unauthorized);
    await expect(discord.sessionFromToken(held).fetchUser()).rejects.toThrow(Unauthorized);
    await expect(discord.sessionFromToken(other).fetchUser()).rejects.toThrow(Unauthorized);
  });

  it("a held token whose refresh token is null in a database ends when it expires, and can be revoked", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const stored = () =>
      ({ ...issue(simulator, user), refreshToken: null, userId: null }) as unknown as HeldToken;
    const [expiring, other] = [discord.sessionFromToken(stored()), discord.sessionFromToken(stored())];

    await other.revoke();
    await expect(other.fetchUser()).rejects.toThrow(Unauthorized);
    advance(WEEK_MS);

    await expect(expiring.fetchUser()).rejects.toMatchObject({ code: "grant_ended" });
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("tokens without a refresh token do not share cached data, even if it is an empty string in a database", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    for (const one of [user, simulator.addUser()]) {
      const held = { ...issue(simulator, one), refreshToken: "", userId: "" };
      expect((await discord.sessionFromToken(held).fetchUser()).id).toBe(one.id);
    }
  });

  it("a held token stays valid if Discord could not revoke it, and the next attempt asks Discord again", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const changes: unknown[] = [];
    const [held, other] = [issue(simulator, user), issue(simulator, user)];
    const session = discord.sessionFromToken(held, (token) => void changes.push(token));
    simulator.fail({ route: "POST /oauth2/token/revoke", kind: "status", status: 503, times: 1 });

    await expect(session.revoke()).rejects.toMatchObject({ code: "discord_unavailable" });
    expect(changes).toEqual([]);
    for (const token of [held, other])
      expect((await discord.sessionFromToken(token).fetchUser({ fresh: true })).id).toBe(user.id);

    await discord.sessionFromToken(held).revoke();
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(2);
    await expect(session.fetchUser()).rejects.toThrow(Unauthorized);
  });

  it.each([
    ["before it stores the pair", undefined],
    ["after it has stored the pair", () => new Promise((resolve) => setImmediate(resolve))],
  ])("onChange of a held token may use the session %s", async (_when, store) => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const stored: unknown[] = [];
    const session = discord.sessionFromToken(issue(simulator, user), async (token) => {
      if (store) await store();
      stored.push([(await session.fetchUser()).id, token?.accessToken]);
    });
    advance(WEEK_MS);

    expect((await session.fetchUser()).id).toBe(user.id);

    expect(stored).toEqual([[user.id, simulator.requestsTo("/users/@me")[0]?.token]]);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("onChange of a held token may fetch what its own caller is fetching", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const fetched: string[] = [];
    const session = discord.sessionFromToken(issue(simulator, user), async () => {
      fetched.push((await session.fetchUser()).id);
    });
    for (const route of ["/users/@me", "/oauth2/@me"])
      simulator.fail({ route, kind: "status", status: 401, times: 1 });

    expect((await session.fetchUser()).id).toBe(user.id);

    expect(fetched).toEqual([user.id]);
  });

  it("onChange of a held token may revoke it, and is told so", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const changes: boolean[] = [];
    const session = discord.sessionFromToken(issue(simulator, user), async (token) => {
      changes.push(token !== undefined);
      if (token) await session.revoke();
    });
    advance(WEEK_MS);

    await expect(session.fetchUser()).rejects.toMatchObject({ code: "grant_ended" });

    expect(changes).toEqual([true, false]);
  });

  it("onChange of a held token hears of a refresh by a job that it started earlier", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const gate = createGate();
    const changes: unknown[] = [];
    let job: Promise<unknown> | undefined;
    const session = discord.sessionFromToken(issue(simulator, user), (token) => {
      changes.push(token?.accessToken);
      job ??= gate.opened.then(() => session.fetchUser({ fresh: true }));
    });
    advance(WEEK_MS);
    await session.fetchUser();
    advance(WEEK_MS);

    gate.open();
    await job;

    expect(changes).toEqual(simulator.requestsTo("/users/@me").map(({ token }) => token));
    expect(changes).toHaveLength(2);
  });

  it("onChange of a held token hears of a revocation after its slow earlier call, even if that call fails", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const [begun, gate, ended] = [createGate(), createGate(), createGate()];
    const told: unknown[][] = [];
    const held = issue(simulator, user);
    const session = discord.sessionFromToken(held, async (token, former) => {
      told.push([token?.accessToken, former.accessToken]);
      begun.open();
      if (token) await gate.opened;
      else await ended.opened;
      if (token) throw new Error("The database is down.");
    });
    advance(WEEK_MS);
    const fetching = session.fetchUser().catch(() => undefined);
    await begun.opened;
    let isRevoked = false;

    const revoking = session.revoke().then(() => {
      isRevoked = true;
    });
    await expect.poll(() => simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
    gate.open();
    await expect
      .poll(() => told)
      .toEqual([
        [expect.any(String), held.accessToken],
        [undefined, held.accessToken],
      ]);
    expect(isRevoked).toBe(false);
    ended.open();
    await Promise.all([revoking, fetching]);

    expect(told).toHaveLength(2);
  });

  it("revoking a held token fails with the error of onChange, which is called again at the next use", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const [begun, gate] = [createGate(), createGate()];
    const told: unknown[] = [];
    const databaseIsDown = new Error("The database is down.");
    const session = discord.sessionFromToken(issue(simulator, user), async (token) => {
      told.push(token?.accessToken);
      begun.open();
      await gate.opened;
      if (!token && told.length === 2) throw databaseIsDown;
    });
    advance(WEEK_MS);
    const fetching = rejectionOf(session.fetchUser());
    await begun.opened;

    const revoking = rejectionOf(session.revoke());
    await expect.poll(() => simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
    gate.open();

    expect(await revoking).toBe(databaseIsDown);
    await fetching;
    await expect(session.fetchUser()).rejects.toThrow(Unauthorized);
    expect(told).toEqual([expect.any(String), undefined, undefined]);
  });

  it("sessionFromToken refreshes an expired token once, and hands over the new pair once", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const changes: (Token | undefined)[] = [];
    const held = issue(simulator, user);
    const session = discord.sessionFromToken(held, (token) => void changes.push(token));
    advance(WEEK_MS + 1);

    await Promise.all([session.fetchUser(), session.fetchGuilds(), session.request("/users/@me")]);

    expect(refreshesAt(simulator)).toBe(1);
    expect(changes).toHaveLength(1);
    const [next] = changes;
    expect(next?.accessToken).not.toBe(held.accessToken);
    expect(next?.refreshToken).not.toBe(held.refreshToken);
    expect(next?.scopes).toEqual(SCOPES);

    const later = discord.sessionFromToken(next as Token);
    expect((await later.fetchUser({ fresh: true })).id).toBe(user.id);
  });

  it("with the option lock, a process hears of the end of a held token after the new pair was stored", async () => {
    const { simulator, user, advance } = await startHeld(createApp);
    const tails = new Map<string, Promise<unknown>>();
    const [storing, decided] = [createGate(), createGate()];
    const lock: Lock = (key, task) => {
      const tail = tails.get(key);
      if (tails.has(key)) decided.open();
      const turn = Promise.resolve(tail).then(task);
      const over = turn.catch(() => undefined);
      tails.set(key, over);
      return turn;
    };
    const start = () => startApp(createApp, simulator, { discord: { lock } });
    const [one, other] = [await start(), await start()];
    let row: HeldToken | undefined = issue(simulator, user);
    const use = ({ discord }: typeof one, beforeStoring?: () => Promise<void>) =>
      discord
        .sessionFromToken({ ...(row as HeldToken) }, async (next, { accessToken }) => {
          if (next) await beforeStoring?.();
          if (row?.accessToken === accessToken) row = next;
        })
        .fetchUser();
    // After this refresh, only one of the two processes knows the first pair.
    advance(WEEK_MS);
    await use(one);
    tails.clear();
    advance(WEEK_MS);

    const winning = use(one, () => {
      storing.open();
      return decided.opened;
    });
    await storing.opened;
    const refusal = await rejectionOf(use(other).finally(decided.open));
    await winning;

    expect(refusal).toBeInstanceOf(Unauthorized);
    expect((await use(other)).id).toBe(user.id);
  });

  it("two sessions from one token share their cached data", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const held = issue(simulator, user);

    await discord.sessionFromToken(held).fetchUser();
    await discord.sessionFromToken(held).fetchUser();

    expect(simulator.requestsTo("/users/@me")).toHaveLength(1);
  });

  it("the tokens that onChange gets have the id that the app gave to sessionFromToken", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const ids: (string | undefined)[] = [];
    const held = { ...issue(simulator, user), id: "row 17" };
    const session = discord.sessionFromToken(held, (token, former) => void ids.push(token?.id, former.id));
    advance(WEEK_MS + 1);

    await session.fetchUser();

    expect(ids).toEqual(["row 17", "row 17"]);
  });

  it.each([
    ["at the refresh", (advance: (ms: number) => void) => advance(WEEK_MS + 1)],
    ["at a call", () => undefined],
  ])("sessionFromToken reports that Discord has ended the token: %s", async (_when, move) => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const changes: (Token | undefined)[] = [];
    const session = discord.sessionFromToken(issue(simulator, user), (token) => void changes.push(token));
    simulator.removeAuthorization(user);
    move(advance);

    const error = await rejectionOf(session.fetchUser());

    expect(error).toBeInstanceOf(Unauthorized);
    expect(error).toMatchObject({ code: "grant_ended", status: 401 });
    expect(changes).toEqual([undefined]);
    await expect(session.fetchUser()).rejects.toBeInstanceOf(Unauthorized);
    expect(changes).toEqual([undefined]);
  });

  it("a session from a token survives a Discord that is down", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const changes: (Token | undefined)[] = [];
    const session = discord.sessionFromToken(issue(simulator, user), (token) => void changes.push(token));
    advance(WEEK_MS + 1);
    simulator.fail({ route: "POST /oauth2/token", kind: "status", status: 503 });

    await expect(session.fetchUser()).rejects.toMatchObject({ code: "discord_unavailable" });
    expect(changes).toEqual([]);
    expect((await session.fetchUser()).id).toBe(user.id);
    expect(changes).toHaveLength(1);
  });

  it("sessionFromToken reports the new pair again on the next use if it could not be stored", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const stored: (Token | undefined)[] = [];
    const databaseIsDown = new Error("The database is down.");
    let isDown = true;
    const store: OnTokenChange = async (token) => {
      if (isDown) throw databaseIsDown;
      stored.push(token);
    };
    const session = discord.sessionFromToken(issue(simulator, user), store);
    advance(WEEK_MS + 1);

    expect(await rejectionOf(session.fetchUser())).toBe(databaseIsDown);
    isDown = false;
    expect((await session.fetchUser()).id).toBe(user.id);

    expect(refreshesAt(simulator)).toBe(1);
    expect(stored).toHaveLength(1);
  });

  it("a session from a token adds its user to a guild, after checking the guild id", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const guild = simulator.addGuild();
    const session = discord.sessionFromToken(issue(simulator, user, ["identify", "guilds.join"]));

    await expect(session.addToGuild("../1")).rejects.toMatchObject({ code: "invalid_snowflake" });
    expect(simulator.requests).toEqual([]);
    expect((await session.addToGuild(guild.id))?.id).toBe(user.id);
    expect(await session.addToGuild(guild.id)).toBeNull();
  });
});

describe.each(LATEST_EXPRESS)("sessionFromAccessToken on %s", (_name, createApp) => {
  it("sessionFromAccessToken gives the same calls for a token that a client sent", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const { access_token } = simulator.issueToken(user, SCOPES);

    const session = await discord.sessionFromAccessToken(access_token);

    expect((await session.fetchUser()).id).toBe(user.id);
    await expect(session.fetchConnections()).rejects.toMatchObject({ code: "missing_scopes" });
  });

  it("sessionFromAccessToken asks Discord once a minute for each token, and once for simultaneous calls", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const { access_token } = simulator.issueToken(user, SCOPES);
    const asked = () => simulator.requestsTo("/oauth2/@me").length;

    await Promise.all([1, 2, 3].map(() => discord.sessionFromAccessToken(access_token)));
    advance(59_000);
    await discord.sessionFromAccessToken(access_token);
    expect(asked()).toBe(1);

    advance(1001);
    await discord.sessionFromAccessToken(access_token);
    expect(asked()).toBe(2);
  });

  it("sessionFromAccessToken refuses a token that was issued to another application", async () => {
    const simulator = await startSimulator();
    const { discord } = await startApp(createApp, simulator, { discord: { clientId: "42" } });
    const { access_token } = simulator.issueToken(simulator.addUser(), SCOPES);

    const error = await rejectionOf(discord.sessionFromAccessToken(access_token));

    expect(error).toBeInstanceOf(Unauthorized);
    expect(String(error)).toContain("another application");
    await rejectionOf(discord.sessionFromAccessToken(access_token));
    expect(simulator.requestsTo("/oauth2/@me")).toHaveLength(1);
  });

  it("sessionFromAccessToken notices within a minute that the user has removed the app", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const { access_token } = simulator.issueToken(user, SCOPES);
    await (await discord.sessionFromAccessToken(access_token)).fetchUser();
    simulator.removeAuthorization(user);

    advance(60_001);

    await expect(discord.sessionFromAccessToken(access_token)).rejects.toBeInstanceOf(Unauthorized);
  });

  it.each<[string, (parts: Awaited<ReturnType<typeof startHeld>>, accessToken: string) => unknown]>([
    ["has expired", ({ advance }) => advance(30_000)],
    ["belongs to a user who has removed the app", ({ discord, user }) => discord.deauthorize(user.id)],
    [
      "was revoked here",
      async ({ discord }, token) => (await discord.sessionFromAccessToken(token)).revoke(),
    ],
  ])("sessionFromAccessToken immediately refuses a token that %s", async (_what, end) => {
    const started = await startHeld(createApp);
    const { simulator, discord, user } = started;
    simulator.behaviour.accessTokenSeconds = 30;
    const { access_token } = simulator.issueToken(user, SCOPES);
    await (await discord.sessionFromAccessToken(access_token)).fetchUser();
    simulator.removeAuthorization(user);

    await end(started, access_token);

    await expect(discord.sessionFromAccessToken(access_token)).rejects.toBeInstanceOf(Unauthorized);
  });

  it("sessionFromAccessToken asks Discord again if the clock is set back by more than a minute", async () => {
    const { simulator, discord, user, advance } = await startHeld(createApp);
    const { access_token } = simulator.issueToken(user, SCOPES);
    await discord.sessionFromAccessToken(access_token);
    simulator.removeAuthorization(user);

    advance(-3_600_000);

    await expect(discord.sessionFromAccessToken(access_token)).rejects.toBeInstanceOf(Unauthorized);
  });

  it.each(["", "with space", "x".repeat(3000), "täst"])(
    "sessionFromAccessToken refuses what cannot be a token without a request to Discord: %j",
    async (token) => {
      const { simulator, discord } = await startHeld(createApp);

      await expect(discord.sessionFromAccessToken(token)).rejects.toBeInstanceOf(Unauthorized);
      expect(simulator.requests).toEqual([]);
    },
  );

  it("sessionFromAccessToken refuses made-up tokens, and they stop nobody else", async () => {
    const simulator = await startSimulator();
    const { discord } = await startApp(createApp, simulator, { discord: { invalidRequestLimit: 100 } });
    const user = simulator.addUser();
    const made = Array.from({ length: 40 }, (_, index) => `made-up-${index}`);

    const errors = await Promise.all(made.map((token) => rejectionOf(discord.sessionFromAccessToken(token))));

    const codes = errors.map((error) => (error as { code: string }).code);
    expect(codes.filter((code) => code === "not_signed_in")).toHaveLength(10);
    expect(codes.filter((code) => code === "rate_limited")).toHaveLength(30);
    const session = discord.sessionFromToken(issue(simulator, user));
    expect((await session.fetchUser()).id).toBe(user.id);
  });

  it("sessionFromAccessToken does not send a token again that Discord has rejected", async () => {
    const { simulator, discord } = await startHeld(createApp);

    for (let times = 0; times < 3; times += 1)
      await expect(discord.sessionFromAccessToken("made-up")).rejects.toBeInstanceOf(Unauthorized);

    expect(simulator.requests).toHaveLength(1);
  });

  it("sessionFromAccessToken passes on that Discord is unavailable", async () => {
    const { simulator, discord, user } = await startHeld(createApp);
    const { access_token } = simulator.issueToken(user, SCOPES);
    simulator.fail({ route: "/oauth2/@me", kind: "status", status: 500 });

    await expect(discord.sessionFromAccessToken(access_token)).rejects.toMatchObject({
      code: "discord_unavailable",
    });
    expect((await discord.sessionFromAccessToken(access_token)).fetchUser).toBeTypeOf("function");
  });
});

describe.each(LATEST_EXPRESS)("clientCredentials on %s", (_name, createApp) => {
  it("clientCredentials gives a token for the application's owner, which works with sessionFromToken", async () => {
    const { simulator, discord } = await startHeld(createApp);

    const token = await discord.clientCredentials(["identify", "connections"]);
    const owner = await discord.sessionFromToken(token).fetchUser();

    expect(token).toMatchObject({ scopes: ["identify", "connections"], refreshToken: undefined });
    expect(Object.keys(token)).not.toContain("guild");
    expect(owner.username).toBe("the.owner");
    expect(simulator.requestsTo("POST /oauth2/token")[0]?.form).toMatchObject({
      grant_type: "client_credentials",
      scope: "identify connections",
    });
  });

  it("clientCredentials asks for identify by default", async () => {
    const { discord } = await startHeld(createApp);

    expect((await discord.clientCredentials()).scopes).toEqual(["identify"]);
  });

  it("clientCredentials passes on Discord's error about a scope or the application", async () => {
    const { simulator, discord } = await startHeld(createApp);
    const stranger = new DiscordOAuth2Session(createApp(), {
      ...simulator.options,
      redirectUri: "http://localhost/callback",
      clientSecret: "not-the-secret",
    });

    await expect(discord.clientCredentials(["no.such.scope"])).rejects.toMatchObject({
      code: "discord_error",
      error: "invalid_scope",
    });
    await expect(stranger.clientCredentials()).rejects.toMatchObject({ code: "client_rejected" });
    await stranger.close();
  });
});
