import { describe, expect, it } from "vitest";
import { GrantMemory } from "../../../src/grants/grant-memory.js";
import { steppedClock } from "../../support/stepped-clock.js";
import { GRANT_ID, tokenNo } from "../../support/tokens.js";

const DAY_MS = 86_400_000;
const [FIRST, SECOND] = [tokenNo(1), tokenNo(2)] as const;

describe("the memory of grants", () => {
  it.each([
    [DAY_MS, 30_000],
    [undefined, 30_000],
    [60_000, 6000],
  ])("answers for a session of %j ms for %i ms", async (lifetimeMs, cachedMs) => {
    const clock = steppedClock();
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, FIRST, { lifetimeMs: 5000 });
    await clock.advance(cachedMs - 1);
    expect(memory.fresh(GRANT_ID, lifetimeMs)).toMatchObject({ token: FIRST, lifetimeMs: 5000 });
    await clock.advance(1);
    expect(memory.fresh(GRANT_ID, lifetimeMs)).toBeUndefined();
    expect(memory.cached(GRANT_ID)?.token).toBe(FIRST);
  });

  it("does not answer when the clock was set back by more than that", async () => {
    const clock = steppedClock();
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, FIRST);
    await clock.advance(-31_000);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
  });

  it("answers that nobody is signed in, too", () => {
    const memory = new GrantMemory();
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
    memory.learn(GRANT_ID, undefined);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toMatchObject({ token: undefined });
  });

  it("has the storage looked at while a pair is not in it", () => {
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, SECOND);
    memory.keepUnsaved(SECOND);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
    expect(memory.unsaved(GRANT_ID)).toBe(SECOND);
    memory.saved(GRANT_ID);
    expect(memory.unsaved(GRANT_ID)).toBeUndefined();
    expect(memory.fresh(GRANT_ID, DAY_MS)?.token).toBe(SECOND);
  });

  it("knows no unsaved pair of a grant without an id", () => {
    expect(new GrantMemory().unsaved(undefined)).toBeUndefined();
  });

  it("keeps unsaved pairs however many grants it learns of", () => {
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, SECOND);
    memory.keepUnsaved(SECOND);
    for (let id = 0; id < 10_001; id += 1) memory.learn(`${id}`, FIRST);
    expect(memory.cached(GRANT_ID)).toBeUndefined();
    expect(memory.newest(GRANT_ID)).toBe(SECOND);
  });

  it("takes the unsaved pair for the newest, whatever was read since", () => {
    const memory = new GrantMemory();
    expect(memory.newest(GRANT_ID)).toBeUndefined();
    memory.keepUnsaved(SECOND);
    memory.learn(GRANT_ID, FIRST);
    expect(memory.newest(GRANT_ID)).toBe(SECOND);
    memory.saved(GRANT_ID);
    expect(memory.newest(GRANT_ID)).toBe(FIRST);
  });

  it("remembers what a known record was written for, and not how long ago it looked", async () => {
    const clock = steppedClock();
    const memory = new GrantMemory();
    memory.setLifetime(GRANT_ID, DAY_MS);
    expect(memory.cached(GRANT_ID)).toBeUndefined();
    memory.learn(GRANT_ID, FIRST);
    await clock.advance(20_000);
    memory.setLifetime(GRANT_ID, DAY_MS);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toMatchObject({ token: FIRST, lifetimeMs: DAY_MS });
    await clock.advance(10_000);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
  });
});

describe("a grant that ended", () => {
  it("stays ended, and nothing of it is left", () => {
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, SECOND);
    memory.keepUnsaved(SECOND);
    expect(memory.ended(GRANT_ID)).toBeUndefined();
    memory.end(GRANT_ID, "here");
    expect(memory.ended(GRANT_ID)).toBe("here");
    expect(memory.newest(GRANT_ID)).toBeUndefined();
    memory.learn(GRANT_ID, FIRST);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
  });

  it("everywhere has not ended only here, in whatever order that is said", () => {
    const memory = new GrantMemory();
    memory.end(GRANT_ID, "here");
    memory.end(GRANT_ID, "everywhere");
    memory.end(GRANT_ID, "here");
    expect(memory.ended(GRANT_ID)).toBe("everywhere");
  });
});

describe("a grant of which the caller holds a pair", () => {
  it("is known by any pair that it got here", () => {
    const memory = new GrantMemory();
    const id = memory.identify(FIRST);
    expect(id).not.toContain("refresh");
    memory.keepUnsaved({ ...SECOND, id });
    expect(memory.identify(SECOND)).toBe(id);
    expect(memory.identify(FIRST)).toBe(id);
    expect(memory.identify(tokenNo(3))).not.toBe(id);
  });

  it("is known by its refresh token, and without one by its access token", () => {
    const memory = new GrantMemory();
    const { refreshToken: _, ...single } = FIRST;
    expect(memory.identify({ ...FIRST, accessToken: "another" })).toBe(memory.identify(FIRST));
    expect(memory.identify(single)).not.toBe(memory.identify(FIRST));
    expect(memory.identify(single)).not.toBe(memory.identify({ ...single, accessToken: "another" }));
  });
});

describe("a token that Discord rejected", () => {
  it("is remembered by itself, and the pair is over with its refresh token", () => {
    const memory = new GrantMemory();
    expect(memory.isRejected(FIRST.accessToken)).toBe(false);
    memory.reject(FIRST.accessToken);
    expect(memory.isRejected(FIRST.accessToken)).toBe(true);
    expect(memory.isRejected(SECOND.accessToken)).toBe(false);
    expect(memory.isOver(FIRST)).toBe(false);
    memory.reject("refresh 1");
    expect(memory.isOver(FIRST)).toBe(true);
  });

  it("ends a grant that has no refresh token", () => {
    const memory = new GrantMemory();
    const { refreshToken: _, ...single } = FIRST;
    memory.reject(single.accessToken);
    expect(memory.isOver(single)).toBe(true);
  });
});
