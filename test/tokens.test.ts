import { describe, expect, it } from "vitest";
import { replaceClock } from "../src/clock.js";
import { resolveConfig } from "../src/config.js";
import { HttpException, Unauthorized } from "../src/errors.js";
import type { GrantPlace, Token } from "../src/grants/grant.js";
import { GrantRecords } from "../src/grants/grant-records.js";
import { heldPlace } from "../src/grants/held-place.js";
import { inTokenStore } from "../src/grants/token-store.js";
import { Tokens } from "../src/grants/tokens.js";
import { OAuth } from "../src/oauth/oauth.js";
import type { DiscordOptions, Lock } from "../src/options.js";
import { createSeal } from "../src/seal.js";
import type { Behaviour } from "../src/testing/index.js";
import { startSimulator } from "./support/app.js";
import { movableClock } from "./support/clock.js";
import { HeldMap } from "./support/held-map.js";
import { refreshesAt, WEEK_MS } from "./support/signed-in.js";

const ID = "AAAAAAAAAAAAAAAAAAAAAAAA";
const REFRESH = "POST /oauth2/token";

async function start({
  behaviour = {},
  ...options
}: DiscordOptions & { behaviour?: Partial<Behaviour> } = {}) {
  const simulator = await startSimulator({ behaviour });
  const clock = movableClock();
  const user = simulator.addUser();
  const pair = simulator.issueToken(user, ["identify"]);
  const first: Token = {
    id: ID,
    accessToken: pair.access_token,
    refreshToken: pair.refresh_token,
    scopes: ["identify"],
    issuedAt: clock.now(),
    expiresAt: clock.now() + WEEK_MS,
    userId: user.id,
  };
  const store = new HeldMap();

  /** A process with its own memory; all of them share the store. */
  function startProcess(own: DiscordOptions = {}): { tokens: Tokens; place: GrantPlace } {
    const given = { ...simulator.options, redirectUri: "http://127.0.0.1/", ...options, ...own };
    const config = resolveConfig(given, () => undefined);
    const grants = new GrantRecords(createSeal(config.secrets, config.clientId));
    return {
      tokens: new Tokens(config, new OAuth(config)),
      place: grants.place(inTokenStore(store, 1000), ID, 0),
    };
  }
  const grants = new GrantRecords(createSeal([simulator.options.clientSecret], simulator.options.clientId));
  await grants.create(inTokenStore(store, 1000), first, 0);

  const expire = () => {
    clock.advance(WEEK_MS);
    simulator.clock.advance(WEEK_MS);
  };
  return { simulator, clock, user, first, store, startProcess, expire };
}

/** A lock for tests: one task per key at a time, for every process that is given it. */
function sharedLock(): Lock & { readonly keys: string[] } {
  const tails = new Map<string, Promise<void>>();
  const keys: string[] = [];
  const lock: Lock = async (key, task) => {
    keys.push(key);
    const turn = (tails.get(key) ?? Promise.resolve()).then(task);
    tails.set(
      key,
      turn.catch(() => undefined),
    );
    await turn;
  };
  return Object.assign(lock, { keys });
}

describe("a token", () => {
  it("of nobody is not signed in", async () => {
    const { startProcess, store } = await start();
    store.entries.clear();
    const { tokens, place } = startProcess();
    const error = await tokens.usable(place).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unauthorized);
    expect(error).toMatchObject({ code: "not_signed_in", status: 401 });
  });

  it("that another process has refreshed is taken over without a refresh", async () => {
    const { simulator, startProcess, expire } = await start();
    const [here, there] = [startProcess(), startProcess()];
    await Promise.all([here, there].map(({ tokens, place }) => tokens.usable(place)));
    expire();
    const renewed = await here.tokens.usable(here.place);
    expect(await there.tokens.usable(there.place)).toEqual(renewed);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("that another process is refreshing is waited for", async () => {
    const { simulator, startProcess, store, expire } = await start();
    const [here, there] = [startProcess(), startProcess()];
    expire();
    store.hold("set").release();
    const writing = store.hold("set");
    const first = here.tokens.usable(here.place);
    await writing.begun;
    const second = there.tokens.usable(there.place);
    setImmediate(() => writing.release());

    expect(await second).toEqual(await first);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("that two processes claim in the same instant is refreshed by one of them", async () => {
    const { simulator, startProcess, store, expire } = await start({
      behaviour: { refreshReuse: "revoke-grant" },
    });
    const [here, there] = [startProcess(), startProcess()];
    expire();
    const claims = [store.hold("set"), store.hold("set")];
    const renewed = [here, there].map(({ tokens, place }) => tokens.usable(place));
    for (const { begun } of claims) await begun;
    for (const { release } of claims) release();

    const [first, second] = await Promise.all(renewed);
    expect(first).toEqual(second);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("that another process still waits to have refreshed is asked for by nobody else", async () => {
    const { simulator, startProcess, clock, expire } = await start({
      timeoutMs: 1000,
      behaviour: { refreshReuse: "revoke-grant" },
    });
    replaceClock({ now: clock.now });
    const [here, there] = [startProcess(), startProcess()];
    expire();
    // Longer than a claim lives that is not renewed.
    simulator.fail({ kind: "delay", ms: 2500, route: REFRESH });
    await expect(here.tokens.usable(here.place)).rejects.toMatchObject({ code: "discord_timeout" });

    const renewed = await there.tokens.usable(there.place);
    expect(await here.tokens.usable(here.place)).toEqual(renewed);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("that another process is refreshing for too long is an error, and is not sent a second time", async () => {
    const { simulator, startProcess, clock, expire } = await start();
    const [here, there] = [startProcess(), startProcess()];
    expire();
    clock.onSleep = () => void here.place.claim?.take(clock.now() + 6000);
    await here.place.claim?.take(clock.now() + 6000);
    await expect(there.tokens.usable(there.place)).rejects.toMatchObject({
      code: "discord_timeout",
      status: 504,
    });
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("is refreshed here when the process that claimed it does not come back", async () => {
    const { simulator, clock, startProcess, expire } = await start();
    expire();
    const gone = startProcess();
    const before = clock.now();
    await gone.place.claim?.take(clock.now() + 6000);
    const { tokens, place } = startProcess();
    expect((await tokens.usable(place)).accessToken).not.toBe("");
    expect(refreshesAt(simulator)).toBe(1);
    expect(clock.now() - before).toBeGreaterThan(500);
    expect(clock.now() - before).toBeLessThan(8000);
  });

  it("that was refused here is the other process's new one, as soon as that is stored", async () => {
    const { simulator, clock, startProcess, store, expire } = await start();
    const [here, there] = [startProcess(), startProcess()];
    expire();
    store.hold("set").release();
    const writing = store.hold("set");
    const winner = here.tokens.usable(here.place);
    await writing.begun;
    store.entries.delete(`discord-${ID}-refreshing`);
    clock.onSleep = () => {
      if (refreshesAt(simulator) === 2) writing.release();
    };
    expect(await there.tokens.usable(there.place)).toEqual(await winner);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("that ends while another process is waited for has ended", async () => {
    const { startProcess, expire, clock } = await start();
    const [here, there] = [startProcess(), startProcess()];
    expire();
    await here.place.claim?.take(clock.now() + 6000);
    const waiting = there.tokens.usable(there.place);
    await here.tokens.end(here.place, ID);
    await expect(waiting).rejects.toMatchObject({ code: "grant_ended" });
  });

  it("is refreshed by nobody while it is being signed out", async () => {
    const { simulator, startProcess, store, expire } = await start();
    const { tokens, place } = startProcess();
    const token = await tokens.usable(place);
    expire();
    const reading = store.hold("get");
    const ending = tokens.end(place, ID, true);
    await reading.begun;
    await expect(tokens.refresh(place, token)).rejects.toMatchObject({ code: "grant_ended" });
    reading.release();
    await ending;
    expect(refreshesAt(simulator)).toBe(0);
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toMatchObject([
      { form: { token: token.refreshToken } },
    ]);
  });

  it("that comes late ends at Discord, too, when it was signed out everywhere meanwhile", async () => {
    const { simulator, user, startProcess, expire } = await start({ timeoutMs: 500 });
    const { tokens, place } = startProcess();
    expire();
    // Takes effect at once, and comes after both who wait for it have given up.
    simulator.fail({ kind: "slow-body", chunkBytes: 10, everyMs: 80, route: REFRESH });
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "discord_timeout" });
    const elsewhere = simulator.issueToken(user, ["identify"]);
    await tokens.end(place, ID, true);
    await expect
      .poll(() => simulator.requestsTo("POST /oauth2/token/revoke").length, { timeout: 5000 })
      .toBe(2);

    const other = { id: "other", scopes: [], issuedAt: 0, expiresAt: 0, accessToken: elsewhere.access_token };
    const stillThere = heldPlace({ ...other, refreshToken: elsewhere.refresh_token });
    await expect(startProcess().tokens.usable(stillThere)).rejects.toMatchObject({
      code: "grant_ended",
    });
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("that another process has just refreshed is the one that ends everywhere", async () => {
    const { simulator, startProcess, expire } = await start();
    const [here, there] = [startProcess(), startProcess()];
    await Promise.all([here, there].map(({ tokens, place }) => tokens.usable(place)));
    expire();
    const renewed = await there.tokens.usable(there.place);
    await here.tokens.end(here.place, ID, true);
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toMatchObject([
      { form: { token: renewed.refreshToken } },
    ]);
  });

  it("held twice is refreshed once, and both are told of the new pair", async () => {
    const { simulator, first, startProcess, expire } = await start({
      behaviour: { refreshReuse: "revoke-grant" },
    });
    const { tokens } = startProcess();
    expire();
    const told: (Token | undefined)[][] = [[], []];
    const places = told.map((heard) => heldPlace(first, (next) => void heard.push(next)));
    const renewed = await Promise.all(places.map((place) => tokens.usable(place)));
    const again = await Promise.all(places.map((place) => tokens.usable(place)));
    expect(again).toEqual(renewed);
    expect(told).toEqual([[renewed[0]], [renewed[0]]]);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("without a refresh token is not touched before its end", async () => {
    const { clock, first, startProcess } = await start();
    const { refreshToken: _, ...last } = first;
    const { tokens, place } = startProcess();
    await place.replace(first, last);
    clock.advance(WEEK_MS - 30_000);
    const before = clock.now();
    expect(await tokens.usable(place)).toEqual(last);
    expect(clock.now() - before).toBeLessThan(500);

    clock.advance(30_000);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
  });

  it("that is gone when its refresh begins has ended", async () => {
    const { simulator, startProcess, store, expire } = await start();
    const { tokens, place } = startProcess();
    const token = await tokens.usable(place);
    store.entries.clear();
    expire();
    await expect(tokens.refresh(place, token)).rejects.toMatchObject({ code: "grant_ended" });
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("of a deauthorized user ends with the next use, and a later login counts", async () => {
    const { startProcess, store, user, first, clock } = await start();
    const { tokens, place } = startProcess();
    await tokens.usable(place);
    tokens.deauthorize(user.id);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "not_signed_in" });
    expect(store.entries.size).toBe(1);

    clock.advance(1);
    expect(await tokens.usable(heldPlace({ ...first, issuedAt: clock.now() }))).toMatchObject({
      userId: user.id,
    });
    const { userId: _, ...unknown } = first;
    expect(await tokens.usable(heldPlace(unknown))).toEqual(unknown);
  });

  it("refused in a store that others see stays a minute, and is not asked about again", async () => {
    const { simulator, clock, user, startProcess, store, expire } = await start();
    const { tokens, place } = startProcess();
    expire();
    user.banned = true;
    const before = store.entries.get(`discord-${ID}`);
    for (const _ of [1, 2]) await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
    expect(store.entries.get(`discord-${ID}`)).toBe(before);
    expect(refreshesAt(simulator)).toBe(1);

    clock.advance(60_000);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
    expect(store.entries.get(`discord-${ID}`)).not.toBe(before);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("refused once works when the record turns out to hold another pair after all", async () => {
    const { simulator, user, startProcess, expire } = await start();
    const { tokens, place } = startProcess();
    expire();
    user.banned = true;
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
    user.banned = false;
    const other = startProcess();
    const renewed = await other.tokens.usable(other.place);
    expect(await tokens.usable(place)).toEqual(renewed);
    expect(refreshesAt(simulator)).toBe(2);
  });
});

describe("a refresh under a lock", () => {
  it("happens once among several processes, also where a second use kills the grant", async () => {
    const lock = sharedLock();
    const { simulator, startProcess, expire } = await start({
      lock,
      behaviour: { refreshReuse: "revoke-grant" },
    });
    const processes = Array.from({ length: 5 }, () => startProcess());
    await Promise.all(processes.map(({ tokens, place }) => tokens.usable(place)));
    expire();
    const renewed = await Promise.all(processes.map(({ tokens, place }) => tokens.usable(place)));
    expect(new Set(renewed.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(refreshesAt(simulator)).toBe(1);
    expect(new Set(lock.keys)).toEqual(new Set([`discord-refresh-${ID}`]));
  });

  it("that is refused ends the grant at once", async () => {
    const { user, startProcess, store, expire } = await start({ lock: sharedLock() });
    const { tokens, place } = startProcess();
    expire();
    user.banned = true;
    const before = store.entries.get(`discord-${ID}`);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
    expect(store.entries.get(`discord-${ID}`)).not.toBe(before);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("that is refused early leaves the access token its last minute", async () => {
    const { user, first, clock, startProcess } = await start({ lock: sharedLock() });
    const { tokens, place } = startProcess();
    clock.advance(WEEK_MS - 30_000);
    user.banned = true;
    for (const _ of [1, 2]) expect(await tokens.usable(place)).toEqual(first);
    clock.advance(30_000);
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "grant_ended" });
  });

  it.each<readonly [string, Lock]>([
    ["rejects", () => Promise.reject(new Error("The lock's server is gone."))],
    ["never runs its task", async () => undefined],
  ])("that %s is an error, and signs nobody out", async (_what, lock) => {
    const broken = { current: true };
    const { simulator, startProcess, expire } = await start({
      lock: (key, task) => (broken.current ? lock(key, task) : task()),
    });
    const { tokens, place } = startProcess();
    expire();
    const error = await tokens.usable(place).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject({ code: "lock_failed", status: 503 });
    expect(refreshesAt(simulator)).toBe(0);

    broken.current = false;
    expect(await tokens.usable(place)).toMatchObject({ id: ID });
  });

  it("counts when the lock fails only after it", async () => {
    const { simulator, startProcess, expire } = await start({
      lock: async (_key, task) => {
        await task();
        throw new Error("The lock had expired.");
      },
    });
    const { tokens, place } = startProcess();
    expire();
    expect(await tokens.usable(place)).toMatchObject({ id: ID });
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("passes on what went wrong at Discord", async () => {
    const { simulator, startProcess, expire } = await start({ lock: sharedLock() });
    const { tokens, place } = startProcess();
    expire();
    simulator.fail({ kind: "html", route: REFRESH });
    await expect(tokens.usable(place)).rejects.toMatchObject({ code: "discord_unavailable" });
    expect(await tokens.usable(place)).toMatchObject({ id: ID });
  });
});
