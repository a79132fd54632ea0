import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { heldToken } from "../../../src/grants/held-token.js";
import { ownTokenStorage } from "../../../src/grants/own-token-storage.js";
import { NOBODY, type TokenStorage } from "../../../src/grants/token-storage.js";
import type { Lock } from "../../../src/index.js";
import { DAY_MS, outcomeOf, startGrants, WEEK_MS } from "../../support/grant-processes.js";
import { quiet } from "../../support/stepped-clock.js";
import { GRANT_ID } from "../../support/tokens.js";

const LAST_MINUTE_MS = WEEK_MS - 30_000;

async function startOne() {
  const story = await startGrants();
  const { grants, record } = story.startProcess();
  const uses: string[] = [];
  story.store.fails = (action) => uses.push(action) < 0;
  return { ...story, grants, record, uses };
}

describe("valid tokens", () => {
  it("nobody has a token if nobody is signed in", async () => {
    const { grants } = await startOne();
    await expect(grants.validToken(NOBODY)).rejects.toMatchObject({ code: "not_signed_in", status: 401 });
    expect(await grants.read(NOBODY)).toBeUndefined();
    await NOBODY.write((await startOne()).first);
    await NOBODY.delete();
    expect(await NOBODY.read()).toBeUndefined();
  });

  it("a token is read once in thirty seconds, together with the marker", async () => {
    const { clock, grants, record, uses, first } = await startOne();
    expect(await grants.validToken(record())).toEqual(first);
    await grants.idle();
    expect(uses.slice(0, 2)).toEqual(["get", "get"]);
    uses.length = 0;
    await clock.advance(29_999);
    expect(await grants.validToken(record())).toEqual(first);
    expect(uses).toEqual([]);
    await clock.advance(1);
    await grants.validToken(record());
    expect(uses.slice(0, 2)).toEqual(["get", "get"]);
  });

  it("a missing token is remembered for thirty seconds", async () => {
    const { clock, store, grants, record, first } = await startOne();
    store.entries.clear();
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
    await record().write(first);
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
    await clock.advance(30_000);
    expect(await grants.validToken(record())).toEqual(first);
  });

  it("a failing store is an error that signs nobody out", async () => {
    const { store, grants, record, first } = await startOne();
    store.fails = () => true;
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "store_failed", status: 503 });
    store.fails = () => false;
    expect(await grants.validToken(record())).toEqual(first);
  });

  it("a made-up record has no token", async () => {
    const { store, grants, record } = await startOne();
    for (const key of store.entries.keys()) store.entries.set(key, "made up");
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("a token that Discord rejected is refreshed", async () => {
    const { clock, grants, record, first } = await startOne();
    await grants.validToken(record());
    grants.memory.reject(first.accessToken);
    expect(grants.memory.isRejected(first.accessToken)).toBe(true);
    expect(await clock.until(grants.validToken(record()))).toMatchObject({ accessToken: "access 1" });
  });

  it("the token of a refresh wins over an older read that arrives later", async () => {
    const { clock, store, grants, record, first } = await startOne();
    await grants.validToken(record());
    await clock.advance(30_000);
    await grants.idle();
    const slow = store.hold("get");
    const reading = grants.read(record());
    await slow.begun;
    const renewed = await clock.until(grants.refresh(record(), first));
    slow.release();
    expect(await reading).toEqual(renewed);
    expect(await grants.validToken(record())).toEqual(renewed);
  });
});

describe("tokens about to expire", () => {
  it("a token that is about to expire is refreshed", async () => {
    const { clock, grants, record } = await startOne();
    await clock.advance(LAST_MINUTE_MS);
    expect(await clock.until(grants.validToken(record()))).toMatchObject({ accessToken: "access 1" });
  });

  it("an expiring token is used if Discord takes longer than half a second, and is replaced afterwards", async () => {
    const { clock, discord, grants, record, first } = await startOne();
    await clock.advance(LAST_MINUTE_MS);
    const answer = discord.hold();
    const waiting = grants.validToken(record());
    await clock.advance(500);
    expect(await waiting).toEqual(first);
    answer.open();
    await clock.until(grants.idle());
    expect(await grants.validToken(record())).toMatchObject({ accessToken: "access 1" });
  });

  it("an expiring token is used if its refresh fails, and the refresh is tried again after five seconds", async () => {
    const { clock, discord, grants, record, first } = await startOne();
    await clock.advance(LAST_MINUTE_MS);
    discord.fails = () => new Error("Discord is down.");
    expect(await clock.until(grants.validToken(record()))).toEqual(first);
    expect(await clock.until(grants.validToken(record()))).toEqual(first);
    expect(discord.refreshed).toHaveLength(1);
    discord.fails = () => undefined;
    discord.current = "refresh 0";
    await clock.advance(5000);
    expect(await clock.until(grants.validToken(record()))).toMatchObject({ accessToken: "access 2" });
  });

  it("an expiring token is used until it expires if its refresh is refused", async () => {
    const { clock, discord, grants, record, first } = await startOne();
    await clock.advance(LAST_MINUTE_MS);
    discord.current = "none";
    expect(await clock.until(grants.validToken(record()))).toEqual(first);
    await clock.advance(20_000);
    expect(await clock.until(grants.validToken(record()))).toEqual(first);
    await clock.advance(10_000);
    expect(await clock.until(outcomeOf(grants.validToken(record())))).toMatchObject({ code: "grant_ended" });
    expect(await clock.until(outcomeOf(grants.validToken(record())))).toMatchObject({
      code: "not_signed_in",
    });
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });

  it("an expiring token is used until it expires if it has no refresh token or is sent with the response", async () => {
    const { clock, discord, grants, first } = await startOne();
    const { refreshToken: _, ...single } = first;
    await clock.advance(LAST_MINUTE_MS);
    expect(await grants.validToken(heldToken(single, "single"))).toMatchObject({ accessToken: "access 0" });
    const inCookie: TokenStorage = {
      isInResponse: true,
      read: async () => ({ token: first }),
      write: async () => undefined,
      delete: async () => undefined,
    };
    expect(await grants.validToken(inCookie)).toEqual(first);
    expect(discord.refreshed).toEqual([]);
  });
});

describe("ended sign-ins", () => {
  it("a sign-out holds in this process at once, and in others on their next read", async () => {
    const { clock, startProcess, stored, discord } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await there.grants.validToken(there.record());
    await here.grants.end(here.record(), GRANT_ID);
    expect([here, there].map(({ grants }) => grants.memory.ended(GRANT_ID))).toEqual(["here", undefined]);
    await expect(here.grants.validToken(here.record())).rejects.toMatchObject({ code: "not_signed_in" });
    expect(await there.grants.validToken(there.record())).toBeDefined();
    await clock.advance(30_000);
    await expect(there.grants.validToken(there.record())).rejects.toMatchObject({ code: "not_signed_in" });
    expect(await stored()).toBeUndefined();
    expect(discord.revoked).toEqual([]);
  });

  it("a sign-out everywhere revokes the newest pair that is known here or stored", async () => {
    const { clock, startProcess, discord, first } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await here.grants.validToken(here.record());
    await clock.until(there.grants.refresh(there.record(), first));
    await here.grants.end(here.record(), GRANT_ID, "everywhere");
    expect(discord.revoked).toEqual(["access 1"]);
  });

  it("the marker of a sign-out outlives its record, and every rewrite of it", async () => {
    const { startProcess, first } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await here.grants.end(here.record(), GRANT_ID);
    await here.record().write(first);
    expect(await there.grants.read(there.record())).toBeUndefined();
    expect(await there.record().read()).toBeUndefined();
    await there.record().writeEndedMarker("here");
    expect(await there.record().readEndedMarker()).toBe("here");
    await there.record().writeEndedMarker("everywhere");
    await there.record().writeEndedMarker("here");
    expect(await there.record().readEndedMarker()).toBe("everywhere");
  });

  it("an unreadable marker counts as a sign-out", async () => {
    const { store, startProcess } = await startGrants();
    const { grants, record } = startProcess();
    const keys = [...store.entries.keys()];
    await record().writeEndedMarker("here");
    for (const key of store.entries.keys()) if (!keys.includes(key)) store.entries.set(key, "made up");
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it("a sign-out holds here although the store fails, and reports the failure", async () => {
    const { store, grants, record, discord, first } = await startOne();
    await grants.validToken(record());
    store.fails = () => true;
    await expect(grants.end(record(), GRANT_ID, "everywhere")).rejects.toMatchObject({
      code: "store_failed",
    });
    store.fails = () => false;
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
    expect(discord.revoked).toEqual([first.accessToken]);
  });

  it("a sign-out holds here although Discord could not be told", async () => {
    const { grants, record, discord, stored } = await startOne();
    discord.revoke = () => Promise.reject(new Error("Discord is down."));
    await expect(grants.end(record(), GRANT_ID, "everywhere")).rejects.toThrow("Discord is down.");
    expect(await stored()).toBeUndefined();
  });
});

describe("removed apps", () => {
  it("a user who removed the app is signed out with the next request", async () => {
    const { grants, record, stored, asked } = await startOne();
    await grants.validToken(record());
    grants.deauthorizations.add("7", undefined);
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "grant_ended" });
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
    expect(await stored()).toBeUndefined();
    expect(asked()).toBe(0);
  });

  it("Discord is asked once about a removal close to the sign-in", async () => {
    const { clock, grants, record, first, asked } = await startOne();
    await clock.advance(30_000);
    grants.deauthorizations.add("7", new Date(first.issuedAt + 10_000));
    for (const _ of [1, 2]) expect(await grants.validToken(record())).toEqual(first);
    expect(asked()).toBe(1);
  });

  it("a removal close to the sign-in signs out if Discord confirms it", async () => {
    const { clock, grants, record, first, dead, stored } = await startOne();
    await clock.advance(30_000);
    dead.add(first.accessToken);
    grants.deauthorizations.add("7", new Date(first.issuedAt - 10_000));
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "grant_ended" });
    expect(await stored()).toBeUndefined();
  });

  it("a removal close to the sign-in does not end a pair that another process has just received", async () => {
    const { clock, first, dead, startProcess } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await here.grants.validToken(here.record());
    const renewed = await clock.until(there.grants.refresh(there.record(), first));
    dead.add(first.accessToken);
    here.grants.memory.reject(first.accessToken);
    here.grants.deauthorizations.add("7", new Date(first.issuedAt - 10_000));
    expect(await clock.until(here.grants.validToken(here.record()))).toEqual(renewed);
  });

  it("the refresh of an expired token decides about a removal close to the sign-in", async () => {
    const { clock, grants, record, first, asked } = await startOne();
    await record().write({ ...first, expiresAt: first.issuedAt + 20_000 });
    await clock.advance(30_000);
    grants.deauthorizations.add("7", new Date(first.issuedAt));
    expect(await clock.until(grants.validToken(record()))).toMatchObject({ accessToken: "access 1" });
    expect(asked()).toBe(0);
  });

  it("a removal after the sign-in ends an expired token without asking Discord", async () => {
    const { clock, grants, record, first, asked, discord } = await startOne();
    await record().write({ ...first, expiresAt: first.issuedAt + 20_000 });
    await clock.advance(90_000);
    grants.deauthorizations.add("7", new Date(first.issuedAt + 80_000));
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "grant_ended" });
    expect([asked(), discord.refreshed]).toEqual([0, []]);
  });
});

describe("forgotten grants", () => {
  it("a visitor whose grant leaves the memory during a read stays signed in", async () => {
    const { clock, store, grants, record, first } = await startOne();
    await grants.validToken(record());
    await clock.advance(30_000);
    const { begun, release } = store.hold("get");
    const reading = grants.validToken(record());
    await begun;
    for (let id = 0; id < 10_001; id += 1) grants.memory.learn(`${id}`, first);
    expect(grants.memory.cached(GRANT_ID)).toBeUndefined();
    release();
    expect(await reading).toEqual(first);
  });
});

describe("first tokens", () => {
  it("the first token is stored, and answered from memory", async () => {
    const { store, grants, record, uses, first } = await startOne();
    store.entries.clear();
    await grants.storeFirst(record(), first);
    uses.length = 0;
    expect(await grants.validToken(record())).toEqual(first);
    expect(uses).toEqual([]);
    expect(await record().read()).toMatchObject({ token: first, lifetimeMs: WEEK_MS });
  });

  it("the first token is remembered with the lifetime of its record", async () => {
    const { grants, record, uses, first } = await startOne();
    grants.learnFirst(first, { lifetimeMs: DAY_MS });
    grants.memory.setLifetime(GRANT_ID, WEEK_MS);
    expect(await grants.validToken(record())).toEqual(first);
    await quiet();
    expect(uses).toEqual([]);
  });

  it("a first token that the store rejects is not remembered", async () => {
    const { store, grants, record, first } = await startOne();
    store.entries.clear();
    store.fails = (action) => action === "set";
    await expect(grants.storeFirst(record(), first)).rejects.toMatchObject({ code: "store_failed" });
    await expect(grants.validToken(record())).rejects.toMatchObject({ code: "not_signed_in" });
  });
});

describe("refreshes under the app's lock", () => {
  it("a refresh locks the grant's name, and happens once among processes with the same lock", async () => {
    const keys: string[] = [];
    let tail: Promise<unknown> = Promise.resolve();
    const lock: Lock = (key, task) => {
      keys.push(key);
      const turn = tail.then(task);
      tail = turn.catch(() => undefined);
      return turn;
    };
    const { clock, discord, startProcess, expire } = await startGrants({ lock });
    const processes = Array.from({ length: 5 }, startProcess);
    await expire();
    const renewed = await clock.until(
      Promise.all(processes.map(({ grants, record }) => grants.validToken(record()))),
    );
    expect(new Set(renewed.map(({ accessToken }) => accessToken))).toEqual(new Set(["access 1"]));
    expect(discord.refreshed).toEqual(["refresh 0"]);
    expect(new Set(keys)).toEqual(new Set([`discord-refresh-${GRANT_ID}`]));
  });

  it("a lock that fails signs nobody out", async () => {
    let isBroken = true;
    const lock: Lock = async (_key, task) => {
      if (isBroken) throw new Error("The lock's server is gone.");
      await task();
    };
    const { clock, discord, startProcess, expire } = await startGrants({ lock });
    const { grants, record } = startProcess();
    await expire();
    await expect(clock.until(grants.validToken(record()))).rejects.toMatchObject({ code: "lock_failed" });
    expect(discord.refreshed).toEqual([]);
    isBroken = false;
    expect(await clock.until(grants.validToken(record()))).toMatchObject({ accessToken: "access 1" });
  });
});

describe("tokens that the app stores", () => {
  it("a token that the app stores is read each time, and may belong to any grant", async () => {
    const { grants, first } = await startOne();
    let token = first;
    const methods = {
      getAuthorizationToken: async () => token,
      saveAuthorizationToken: async () => undefined,
    };
    const storage = ownTokenStorage(methods, {} as IncomingMessage, 1000);
    expect(await grants.validToken(storage)).toEqual(first);
    token = { ...first, id: "another", accessToken: "another" };
    expect(await grants.validToken(storage)).toEqual(token);
    expect(grants.newestOf(first)).toEqual(first);
  });
});

describe("tokens that the caller holds", () => {
  it("a token held twice is refreshed once, and both holders are told", async () => {
    const { clock, discord, first, grants, expire } = await startOne();
    const id = grants.memory.idOf(first);
    const told: unknown[] = [];
    await expire();
    const held = [1, 2].map(() => heldToken(first, id, (next) => void told.push(next?.accessToken)));
    await clock.until(Promise.all(held.map((storage) => grants.validToken(storage))));
    await clock.until(Promise.all(held.map((storage) => grants.validToken(storage))));
    expect(told).toEqual(["access 1", "access 1"]);
    expect(discord.refreshed).toEqual(["refresh 0"]);
    expect(grants.memory.idOf({ accessToken: "access 1", refreshToken: "refresh 1" })).toBe(id);
  });
});
