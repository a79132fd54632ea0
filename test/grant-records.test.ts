import { describe, expect, it } from "vitest";
import { HttpException } from "../src/errors.js";
import type { GrantPlace, Token } from "../src/grants/grant.js";
import { GrantRecords } from "../src/grants/grant-records.js";
import { inTokenStore } from "../src/grants/token-store.js";
import { createSeal } from "../src/seal.js";
import { movableClock } from "./support/clock.js";
import { HeldMap } from "./support/held-map.js";

const ID = "AAAAAAAAAAAAAAAAAAAAAAAA";
const KEY = `discord-${ID}`;
const DAY_MS = 86_400_000;

function tokenNo(number: number): Token {
  return {
    id: ID,
    accessToken: `access ${number}`,
    refreshToken: `refresh ${number}`,
    scopes: ["identify"],
    issuedAt: number,
    expiresAt: 604_800_000 + number,
  };
}

const FIRST = tokenNo(1);
const SECOND = tokenNo(2);
const THIRD = tokenNo(3);

interface Process {
  readonly place: GrantPlace;
  readonly create: (token: Token) => Promise<void>;
}

/** A process with its own memory, on a store that others see too. */
function startProcess(store: HeldMap, sessionMs = 0): Process {
  const grants = new GrantRecords(createSeal(["a secret of thirty-two characters."], "1"));
  const records = inTokenStore(store, 1000);
  return {
    place: grants.place(records, ID, sessionMs),
    create: (token) => grants.create(records, token, sessionMs),
  };
}

/** What lies in the store, as a process sees it that has seen nothing before. */
async function stored(store: HeldMap): Promise<Token | undefined> {
  return startProcess(store).place.readAgain();
}

async function startTwo() {
  const store = new HeldMap();
  const [here, there] = [startProcess(store), startProcess(store)];
  await here.create(FIRST);
  return { store, clock: movableClock(), here, there: there.place, place: here.place };
}

describe("the record of a grant", () => {
  it("is sealed, and opens for nobody with another secret or in another place", async () => {
    const { store, place } = await startTwo();
    expect([...store.entries.keys()]).toEqual([KEY]);
    expect(store.entries.get(KEY)).not.toContain("access");
    expect(await place.read()).toEqual(FIRST);

    const stranger = new GrantRecords(createSeal(["another secret of 32 characters..."], "1"));
    expect(await stranger.place(inTokenStore(store, 1000), ID, 0).readAgain()).toBeUndefined();
    const other = "BBBBBBBBBBBBBBBBBBBBBBBB";
    store.entries.set(`discord-${other}`, store.entries.get(KEY) ?? "");
    const same = new GrantRecords(createSeal(["a secret of thirty-two characters."], "1"));
    expect(await same.place(inTokenStore(store, 1000), other, 0).readAgain()).toBeUndefined();
  });

  it("that holds something else is as good as missing", async () => {
    const store = new HeldMap();
    const seal = createSeal(["a secret of thirty-two characters."], "1");
    for (const text of [
      "null",
      "[]",
      "{}",
      '{"id":"a","accessToken":"b","scopes":[],"expiresAt":"c"}',
      '"a"',
    ]) {
      store.entries.set(KEY, seal.seal("grant", ID, text));
      expect(await startProcess(store).place.read()).toBeUndefined();
    }
  });

  it.each([
    [0, 30 * DAY_MS],
    [60 * DAY_MS, 61 * DAY_MS],
  ])("of a session of %i ms is kept for %i ms", async (sessionMs, lifetimeMs) => {
    const store = new HeldMap();
    await startProcess(store, sessionMs).create(FIRST);
    expect(store.lifetimes.get(KEY)).toBe(lifetimeMs);
  });

  it("is missing in memory for thirty seconds only where a session points to it", async () => {
    const store = new HeldMap();
    const clock = movableClock();
    const [here, there] = [startProcess(store), startProcess(store)];
    expect(await here.place.readAgain()).toBeUndefined();
    await there.create(FIRST);
    expect(await here.place.read()).toEqual(FIRST);

    store.entries.clear();
    clock.advance(31_000);
    expect(await here.place.read()).toBeUndefined();
    await there.create(FIRST);
    expect(await here.place.read()).toBeUndefined();
    clock.advance(31_000);
    expect(await here.place.read()).toEqual(FIRST);
  });

  it("that cannot be created throws, and is not remembered", async () => {
    const store = new HeldMap();
    store.fails = (action) => action === "set";
    const { create, place } = startProcess(store);
    await expect(create(FIRST)).rejects.toMatchObject({ code: "store_failed", status: 503 });
    await expect(create(FIRST)).rejects.toBeInstanceOf(HttpException);
    expect(await place.read()).toBeUndefined();
  });
});

describe("a new pair", () => {
  it("takes the place of the former one", async () => {
    const { store, place, there } = await startTwo();
    expect(await place.replace(FIRST, SECOND)).toEqual(SECOND);
    expect(await place.read()).toEqual(SECOND);
    expect(await there.read()).toEqual(SECOND);
    expect(await stored(store)).toEqual(SECOND);
  });

  it("is dropped when another process has stored another pair", async () => {
    const { store, place, there } = await startTwo();
    await there.replace(FIRST, SECOND);
    expect(await place.replace(FIRST, THIRD)).toEqual(SECOND);
    expect(await stored(store)).toEqual(SECOND);
    expect(await place.read()).toEqual(SECOND);
  });

  it("is dropped when another process has ended the grant", async () => {
    const { store, place, there } = await startTwo();
    await there.end();
    const tombstone = store.entries.get(KEY);
    expect(await place.replace(FIRST, SECOND)).toBeUndefined();
    expect(store.entries.get(KEY)).toBe(tombstone);
    expect(await place.read()).toBeUndefined();
  });

  it("is dropped when the record is gone", async () => {
    const { store, place } = await startTwo();
    store.entries.clear();
    expect(await place.replace(FIRST, SECOND)).toBeUndefined();
    expect(store.entries.size).toBe(0);
  });

  it("is dropped when the grant ended elsewhere, although a slow reader has just seen it alive", async () => {
    const { store, place, there, clock } = await startTwo();
    clock.advance(31_000);
    const slowRead = store.hold("get");
    const reading = place.read();
    await slowRead.begun;
    await there.end();
    const fence = store.hold("get");
    const replacing = place.replace(FIRST, SECOND);
    await fence.begun;
    slowRead.release();
    expect(await reading).toEqual(FIRST);
    fence.release();

    expect(await replacing).toBeUndefined();
    expect(await stored(store)).toBeUndefined();
    expect(await place.read()).toBeUndefined();
  });

  it("is not overtaken by a read that began before it", async () => {
    const { store, place, clock } = await startTwo();
    clock.advance(31_000);
    const slowRead = store.hold("get");
    const reading = place.read();
    await slowRead.begun;
    await place.replace(FIRST, SECOND);
    slowRead.release();
    expect(await reading).toEqual(SECOND);
    expect(await place.read()).toEqual(SECOND);
  });

  it("is seen by whoever reads again, although a slower reader comes with the former one", async () => {
    const { store, place, there, clock } = await startTwo();
    clock.advance(31_000);
    const slowRead = store.hold("get");
    const reading = place.read();
    await slowRead.begun;
    await there.replace(FIRST, SECOND);
    const secondRead = store.hold("get");
    const readingAgain = place.readAgain();
    await secondRead.begun;
    slowRead.release();
    await reading;
    secondRead.release();
    expect(await readingAgain).toEqual(SECOND);
  });
});

describe("a pair that the store refuses", () => {
  it("is used at once, and written at the next use", async () => {
    const { store, place } = await startTwo();
    store.fails = (action) => action === "set";
    expect(await place.replace(FIRST, SECOND)).toEqual(SECOND);
    expect(await place.read()).toEqual(SECOND);
    expect(await place.readAgain()).toEqual(SECOND);
    expect(await stored(store)).toEqual(FIRST);

    store.fails = () => false;
    expect(await place.readAgain()).toEqual(SECOND);
    expect(await stored(store)).toEqual(SECOND);
  });

  it("is written as soon as the store takes it, although nobody uses it", async () => {
    const { store, place } = await startTwo();
    let refusals = 0;
    store.fails = (action) => action === "set" && ++refusals < 3;
    await place.replace(FIRST, SECOND);
    await expect.poll(() => stored(store), { timeout: 10_000 }).toEqual(SECOND);
    expect(refusals).toBe(3);
  });

  it("may be replaced while it is still unsaved", async () => {
    const { store, place } = await startTwo();
    store.fails = (action) => action === "set";
    await place.replace(FIRST, SECOND);
    expect(await place.replace(SECOND, THIRD)).toEqual(THIRD);
    expect(await place.read()).toEqual(THIRD);

    store.fails = () => false;
    expect(await place.read()).toEqual(THIRD);
    expect(await stored(store)).toEqual(THIRD);
  });

  it("is given up when another process has stored another one meanwhile", async () => {
    const { store, place, there } = await startTwo();
    store.fails = (action) => action === "set";
    await place.replace(FIRST, SECOND);
    store.fails = () => false;
    await there.replace(FIRST, THIRD);
    expect(await place.read()).toEqual(THIRD);
    expect(await stored(store)).toEqual(THIRD);
  });

  it("is given up when the grant was ended meanwhile, elsewhere or here", async () => {
    for (const where of ["there", "place"] as const) {
      const two = await startTwo();
      two.store.fails = (action) => action === "set";
      await two.place.replace(FIRST, SECOND);
      two.store.fails = () => false;
      await two[where].end();
      expect(await two.place.read()).toBeUndefined();
      expect(await stored(two.store)).toBeUndefined();
    }
  });

  it("was written after all, when the store only said that it failed", async () => {
    const { store, place } = await startTwo();
    const { set } = store;
    store.set = async (...entry) => {
      await set.apply(store, entry);
      throw new Error("The connection was lost.");
    };
    await place.replace(FIRST, SECOND);
    expect(await place.replace(SECOND, THIRD)).toEqual(THIRD);
    store.set = set;
    expect(await place.read()).toEqual(THIRD);
    expect(await stored(store)).toEqual(THIRD);
  });

  it("is not waited for by those who come while it is written again", async () => {
    const { store, place } = await startTwo();
    store.fails = (action) => action === "set";
    await place.replace(FIRST, SECOND);
    store.fails = () => false;
    const slowWrite = store.hold("set");
    const first = place.read();
    await slowWrite.begun;
    expect(await Promise.all([place.read(), place.readAgain()])).toEqual([SECOND, SECOND]);
    slowWrite.release();
    expect(await first).toEqual(SECOND);
    expect(await stored(store)).toEqual(SECOND);
  });
});

describe("a grant that has ended", () => {
  it("is ended here at once, elsewhere within thirty seconds, and at once for whoever reads again", async () => {
    const { place, there, clock } = await startTwo();
    expect(await there.read()).toEqual(FIRST);
    await place.end();
    expect(await place.read()).toBeUndefined();
    expect(await there.read()).toEqual(FIRST);
    clock.advance(31_000);
    expect(await there.read()).toBeUndefined();

    const other = await startTwo();
    await other.there.read();
    await other.place.end();
    expect(await other.there.readAgain()).toBeUndefined();
    expect(await other.there.read()).toBeUndefined();
  });

  it("stays ended when a new pair is still on its way to a store that keeps no order", async () => {
    const { store, place } = await startTwo();
    const slowWrite = store.hold("set");
    const replacing = place.replace(FIRST, SECOND);
    await slowWrite.begun;
    const ending = place.end();
    slowWrite.release();
    await Promise.all([replacing, ending]);
    expect(await stored(store)).toBeUndefined();
    expect(await place.read()).toBeUndefined();
  });

  it("stays ended when the writing of a new pair fails after it", async () => {
    const { store, place, clock } = await startTwo();
    store.fails = (action) => action === "set";
    const slowWrite = store.hold("set");
    const replacing = place.replace(FIRST, SECOND);
    await slowWrite.begun;
    const ending = place.end().catch((error: unknown) => error);
    slowWrite.release();
    await replacing;
    expect(await ending).toMatchObject({ code: "store_failed" });
    expect(await place.read()).toBeUndefined();
    expect(await place.readAgain()).toBeUndefined();

    store.fails = () => false;
    clock.advance(31_000);
    await place.read();
    expect(await stored(store)).toEqual(FIRST);
  });

  it("stays ended for a read that began before", async () => {
    const { store, place, clock } = await startTwo();
    clock.advance(31_000);
    const slowRead = store.hold("get");
    const reading = place.read();
    await slowRead.begun;
    await place.end();
    slowRead.release();
    expect(await reading).toBeUndefined();
    expect(await place.read()).toBeUndefined();
  });

  it("is not looked up again while that is remembered", async () => {
    const { store, place } = await startTwo();
    await place.end();
    store.fails = () => true;
    expect(await Promise.all([place.read(), place.readAgain()])).toEqual([undefined, undefined]);
  });

  it("leaves a tombstone for the life of the session, a day at least", async () => {
    for (const [sessionMs, lifetimeMs] of [
      [0, DAY_MS],
      [9 * DAY_MS, 9 * DAY_MS],
    ] as const) {
      const store = new HeldMap();
      await startProcess(store, sessionMs).place.end();
      expect(store.lifetimes.get(KEY)).toBe(lifetimeMs);
    }
  });
});

describe("the claim to a refresh", () => {
  it("is seen by other processes until it is released or too old, and not by its own", async () => {
    const { store, place, there, clock } = await startTwo();
    const until = clock.now() + 5000;
    expect(await there.claim?.othersUntil()).toBeUndefined();
    await place.claim?.take(until);
    expect(await there.claim?.othersUntil()).toBe(until);
    expect(await place.claim?.othersUntil()).toBeUndefined();
    expect([...store.entries.keys()]).toEqual([KEY, `${KEY}-refreshing`]);

    await place.claim?.release();
    expect(await there.claim?.othersUntil()).toBeUndefined();
    expect([...store.entries.keys()]).toEqual([KEY]);

    await place.claim?.take(until);
    clock.advance(5001);
    expect(await there.claim?.othersUntil()).toBeUndefined();
  });

  it("of another process, made in the same instant, is not released along with the own one", async () => {
    const { place, there, clock } = await startTwo();
    const until = clock.now() + 5000;
    await place.claim?.take(until);
    await there.claim?.take(until);
    await place.claim?.release();
    expect(await place.claim?.othersUntil()).toBe(until);
  });

  it("that somebody has tampered with is none", async () => {
    const { store, there } = await startTwo();
    store.entries.set(`${KEY}-refreshing`, "tampered");
    expect(await there.claim?.othersUntil()).toBeUndefined();
  });
});
