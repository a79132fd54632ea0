import { describe, expect, it } from "vitest";
import { ownTokenStorage } from "../../../src/grants/own-token-storage.js";
import { REWRITE_SHARE } from "../../../src/grants/time-limits.js";
import type { Token } from "../../../src/grants/token.js";
import {
  DAY_MS,
  HOUR_MS,
  outcomeOf,
  STORE_DEADLINE_MS,
  startGrants,
  WEEK_MS,
} from "../../support/grant-processes.js";
import { quiet } from "../../support/stepped-clock.js";
import { GRANT_ID } from "../../support/tokens.js";

/** A process whose store rejects every write of a pair. Leases and markers are shorter, and accepted. */
async function startRejected() {
  const story = await startGrants();
  const [here, there] = [story.startProcess(), story.startProcess()];
  await story.expire();
  const rejecting = { writes: 0, isOn: true };
  const { set } = story.store;
  story.store.set = async (key, value, ttlMs) => {
    if (value.length > 150 && rejecting.isOn) {
      rejecting.writes += 1;
      throw new Error("The disk is full.");
    }
    await set.call(story.store, key, value, ttlMs);
  };
  const renewed = await story.clock.until(here.grants.validToken(here.record()));
  expect(rejecting.writes).toBe(1);
  return { ...story, here, there, rejecting, renewed };
}

/** Returns a newer pair, as another process would store it. */
function newerThan(token: Token): Token {
  return { ...token, accessToken: "access x", refreshToken: "refresh x", issuedAt: token.issuedAt + 1000 };
}

describe("rejected pairs", () => {
  it("a pair that the store rejects is used at once, while other processes still see the old one", async () => {
    const { here, renewed, first, stored } = await startRejected();
    expect(renewed).toMatchObject({ accessToken: "access 1" });
    expect(await here.grants.validToken(here.record())).toEqual(renewed);
    expect(await stored()).toEqual(first);
  });

  it("a rejected pair is written again after half a second, then with doubling waits up to a minute, by one timer", async () => {
    const { clock, here, rejecting, renewed, stored } = await startRejected();
    const counts: number[] = [];
    for (const ms of [499, 1, 999, 1, 2000]) {
      await clock.advance(ms);
      counts.push(rejecting.writes);
    }
    expect(counts).toEqual([1, 2, 2, 3, 4]);

    for (let request = 0; request < 20; request += 1) {
      await here.grants.validToken(here.record());
      await quiet();
    }
    expect(rejecting.writes).toBe(24);
    await clock.advance(60_000);
    expect(rejecting.writes).toBe(25);

    rejecting.isOn = false;
    await clock.advance(60_000);
    expect(await stored()).toEqual(renewed);
    await clock.advance(HOUR_MS);
    expect(await here.grants.validToken(here.record())).toEqual(renewed);
  });

  it("a rejected pair is written on the next use, and by saveAllAgain()", async () => {
    for (const use of ["validToken", "saveAllAgain"] as const) {
      const { here, rejecting, renewed, stored } = await startRejected();
      rejecting.isOn = false;
      if (use === "validToken") await here.grants.validToken(here.record());
      else await here.grants.writer.saveAllAgain();
      await here.grants.idle();
      expect(await stored()).toEqual(renewed);
    }
  });

  it("a rejected pair is kept until it is stored, although reading fails and its cached copy is forgotten", async () => {
    const { clock, store, here, rejecting, renewed, stored } = await startRejected();
    store.fails = (_action, key) => (store.entries.get(key)?.length ?? 0) > 150;
    expect(await here.grants.validToken(here.record())).toEqual(renewed);
    store.fails = () => false;
    for (let count = 0; count < 10_000; count += 1)
      here.grants.learnFirst({ ...renewed, id: `other ${count}` });
    rejecting.isOn = false;
    await clock.advance(1000);
    expect(await stored()).toEqual(renewed);
  });

  it("a rejected pair is used even if the store cannot be read", async () => {
    const { store, here, renewed } = await startRejected();
    store.fails = (action, key) => action === "get" && key === here.record().id;
    const { get } = store;
    let isFailing = true;
    store.get = async (key) => {
      const value = await get.call(store, key);
      if (isFailing && (value?.length ?? 0) > 150) throw new Error("Not connected.");
      return value;
    };
    expect(await here.grants.validToken(here.record())).toEqual(renewed);
    isFailing = false;
    expect(await here.grants.validToken(here.record())).toEqual(renewed);
  });

  it("a rejected pair is given up if another process has stored a newer one", async () => {
    const { clock, here, there, rejecting, renewed, stored } = await startRejected();
    rejecting.isOn = false;
    const newer = newerThan(renewed);
    await there.record().write(newer);
    await clock.advance(2000);
    expect(await stored()).toEqual(newer);
    expect(await here.grants.validToken(here.record())).toEqual(newer);
  });

  it("a rejected pair is given up if the record is gone", async () => {
    const { clock, store, here, rejecting, stored } = await startRejected();
    rejecting.isOn = false;
    store.entries.clear();
    await clock.advance(2000);
    expect(await stored()).toBeUndefined();
    await expect(here.grants.validToken(here.record())).rejects.toMatchObject({ code: "not_signed_in" });
  });

  it.each(["here", "there"] as const)(
    "a rejected pair is given up if the grant was ended %s",
    async (where) => {
      const story = await startRejected();
      const { clock, here, rejecting, stored } = story;
      rejecting.isOn = false;
      await story[where].grants.end(story[where].record(), GRANT_ID);
      await clock.advance(HOUR_MS);
      expect(await stored()).toBeUndefined();
      expect(rejecting.writes).toBe(1);
      await expect(here.grants.validToken(here.record())).rejects.toMatchObject({ code: "not_signed_in" });
    },
  );

  it("a rejected pair is tried again if the store could not be read for it", async () => {
    const { clock, store, rejecting, renewed, stored } = await startRejected();
    rejecting.isOn = false;
    store.fails = (action) => action === "get";
    await clock.advance(1000);
    store.fails = () => false;
    await clock.advance(2000);
    expect(await stored()).toEqual(renewed);
  });

  it("a rejected pair does not overwrite that of a refresh in flight at Discord", async () => {
    const { clock, discord, here, rejecting, renewed, stored } = await startRejected();
    const answer = discord.hold();
    here.grants.memory.reject(renewed.accessToken);
    const refreshing = here.grants.validToken(here.record());
    await quiet();
    rejecting.isOn = false;
    await clock.advance(4000);
    answer.open();
    expect(await clock.until(refreshing)).toMatchObject({ accessToken: "access 2" });
    await here.grants.idle();
    expect(await stored()).toMatchObject({ accessToken: "access 2" });
    expect(await here.grants.validToken(here.record())).toMatchObject({ accessToken: "access 2" });
  });
});

describe("late writes", () => {
  /** Starts with a write of a pair that has timed out, and takes effect when the test says so. */
  async function startSlow() {
    const story = await startGrants();
    const [here, there] = [story.startProcess(), story.startProcess()];
    await story.expire();
    story.store.hold("set").release();
    const writing = story.store.hold("set");
    const refreshing = here.grants.validToken(here.record());
    await writing.begun;
    await new Promise((resolve) => setTimeout(resolve, STORE_DEADLINE_MS + 20));
    await quiet();
    const renewed = await story.clock.until(refreshing);
    expect(renewed).toMatchObject({ accessToken: "access 1" });
    return { ...story, here, there, writing, renewed };
  }

  it("a pair whose write timed out is written again, and a late success does no harm", async () => {
    const { clock, writing, renewed, stored, first } = await startSlow();
    expect(await stored()).toEqual(first);
    await clock.advance(1000);
    expect(await stored()).toEqual(renewed);
    writing.release();
    await quiet();
    expect(await stored()).toEqual(renewed);
  });

  it("a late write over a newer pair is replaced again", async () => {
    const { clock, here, writing, renewed, stored } = await startSlow();
    here.grants.memory.reject(renewed.accessToken);
    const newest = await clock.until(here.grants.validToken(here.record()));
    expect(newest).toMatchObject({ accessToken: "access 2" });
    writing.release();
    await quiet();
    await here.grants.idle();
    expect(await stored()).toEqual(newest);
  });

  it("a late write after a sign-out is deleted again", async () => {
    const { here, writing, stored } = await startSlow();
    await here.grants.end(here.record(), GRANT_ID);
    writing.release();
    await quiet();
    expect(await stored()).toBeUndefined();
  });
});

describe("pairs with an unreadable marker", () => {
  it("a pair stays and is checked again if its marker could not be read", async () => {
    const { clock, store, startProcess, stored, expire } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await expire();
    const token = await there.record().read();
    let isWritten = false;
    const { set, get } = store;
    store.set = async (key, value, ttlMs) => {
      await set.call(store, key, value, ttlMs);
      if (value.length > 150) isWritten = true;
    };
    store.get = async (key) => {
      if (isWritten) throw new Error("Not connected.");
      return get.call(store, key);
    };
    const renewed = await clock.until(here.grants.refresh(here.record(), token?.token as Token));
    store.get = get;
    expect(here.grants.newestOf(renewed)).toEqual(renewed);
    await there.grants.end(there.record(), GRANT_ID);
    await clock.advance(2000);
    expect(await stored()).toBeUndefined();
    expect(here.grants.memory.ended(GRANT_ID)).toBeDefined();
  });
});

describe("pairs that the app stores", () => {
  it("a pair that the app's method rejects is used, and saved on the next use", async () => {
    const { clock, first, startProcess, expire } = await startGrants();
    const { grants } = startProcess();
    await expire();
    const app = {
      token: first as Token | undefined,
      isFailing: true,
      getAuthorizationToken: async () => app.token,
      async saveAuthorizationToken(_req: unknown, token: Token | undefined) {
        if (app.isFailing) throw new Error("The database is out of order.");
        app.token = token;
      },
    };
    const storage = ownTokenStorage(app, {} as never, STORE_DEADLINE_MS);
    const renewed = await clock.until(grants.validToken(storage));
    expect(await grants.validToken(storage)).toEqual(renewed);
    await clock.advance(HOUR_MS);
    expect(app.token).toEqual(first);
    app.isFailing = false;
    expect(await grants.validToken(storage)).toEqual(renewed);
    expect(app.token).toEqual(renewed);
  });
});

describe("extending records", () => {
  it("a record is written again after a share of its lifetime, under the lease", async () => {
    const { clock, store, startProcess, first, stored } = await startGrants();
    const { grants, record } = startProcess();
    await record(DAY_MS).write(first);
    const [before] = store.entries.values();
    await clock.advance(REWRITE_SHARE * DAY_MS - 1);
    await grants.validToken(record(DAY_MS));
    await grants.idle();
    expect([...store.entries.values()]).toEqual([before]);

    await clock.advance(30_000);
    await grants.validToken(record(DAY_MS));
    await grants.idle();
    expect(store.entries.size).toBe(2);
    expect([...store.entries.values()]).not.toContain(before);
    expect(await stored()).toEqual(first);
  });

  it("a record is written again if its session was given a longer life, even without a read", async () => {
    const { clock, store, startProcess } = await startGrants();
    const { grants, record } = startProcess();
    await grants.validToken(record());
    await grants.idle();
    for (const lifetimeMs of [2 * WEEK_MS, 3 * WEEK_MS]) {
      await grants.validToken(record(lifetimeMs));
      await clock.until(grants.idle());
      expect([...store.lifetimes.values()]).toContain(lifetimeMs);
    }
    const uses: string[] = [];
    store.fails = (action) => uses.push(action) < 0;
    await grants.validToken(record(3 * WEEK_MS));
    await grants.idle();
    expect(uses).toEqual([]);
  });

  it("a record is not extended while another process is about to write it", async () => {
    const { clock, store, startProcess } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await here.grants.validToken(here.record());
    await here.grants.idle();
    await there.record().lease?.tryAcquire();
    await here.grants.validToken(here.record(2 * WEEK_MS));
    await clock.until(here.grants.idle());
    expect([...store.lifetimes.values()]).not.toContain(2 * WEEK_MS);
    await there.record().lease?.release();
    await here.grants.validToken(here.record(2 * WEEK_MS));
    await clock.until(here.grants.idle());
    expect([...store.lifetimes.values()]).toContain(2 * WEEK_MS);
  });

  it("a record is extended on a later use if the store failed", async () => {
    const { clock, store, startProcess } = await startGrants();
    const { grants, record } = startProcess();
    await grants.validToken(record());
    await grants.idle();
    store.fails = (action) => action === "get";
    expect(await grants.validToken(record(2 * WEEK_MS))).toBeDefined();
    await clock.until(grants.idle());
    store.fails = () => false;
    await grants.validToken(record(2 * WEEK_MS));
    await clock.until(grants.idle());
    expect([...store.lifetimes.values()]).toContain(2 * WEEK_MS);
  });

  it("extending a record does not restore it after a sign-out", async () => {
    const { clock, store, startProcess, stored } = await startGrants();
    const [here, there] = [startProcess(), startProcess()];
    await here.grants.validToken(here.record());
    await here.grants.idle();
    const looking = store.hold("get");
    await here.grants.validToken(here.record(2 * WEEK_MS));
    await looking.begun;
    await there.grants.end(there.record(), GRANT_ID);
    looking.release();
    await clock.until(here.grants.idle());
    expect(await stored()).toBeUndefined();
  });

  it("a process does not extend a record that it is refreshing", async () => {
    const { clock, discord, store, startProcess, first, stored } = await startGrants();
    const { grants, record } = startProcess();
    await grants.validToken(record());
    await grants.idle();
    const answer = discord.hold();
    const refreshing = grants.refresh(record(), first);
    await quiet();
    const writes = store.lifetimes.size;
    await grants.validToken(record(2 * WEEK_MS));
    await quiet();
    expect([writes, store.lifetimes.size]).toEqual([2, 2]);
    expect([...store.lifetimes.values()]).not.toContain(2 * WEEK_MS);
    answer.open();
    const renewed = await clock.until(outcomeOf(refreshing));
    expect(await stored()).toEqual(renewed);
  });
});
