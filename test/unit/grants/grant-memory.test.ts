import { describe, expect, it } from "vitest";
import { GrantMemory } from "../../../src/grants/grant-memory.js";
import { steppedClock } from "../../support/stepped-clock.js";
import { GRANT_ID, tokenNo } from "../../support/tokens.js";

const DAY_MS = 86_400_000;
const [FIRST, SECOND] = [tokenNo(1), tokenNo(2)] as const;

describe("grant memory", () => {
  it.each([
    [DAY_MS, 30_000],
    [undefined, 30_000],
    [60_000, 6000],
  ])("the memory answers for a session of %j ms for %i ms", async (lifetimeMs, cachedMs) => {
    const clock = steppedClock();
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, FIRST, { lifetimeMs: 5000 });
    await clock.advance(cachedMs - 1);
    expect(memory.fresh(GRANT_ID, lifetimeMs)).toMatchObject({ token: FIRST, lifetimeMs: 5000 });
    await clock.advance(1);
    expect(memory.fresh(GRANT_ID, lifetimeMs)).toBeUndefined();
    expect(memory.cached(GRANT_ID)?.token).toBe(FIRST);
  });

  it("the memory does not answer if the clock was set back by more than that", async () => {
    const clock = steppedClock();
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, FIRST);
    await clock.advance(-31_000);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
  });

  it("the memory of grants also remembers that nobody is signed in", () => {
    const memory = new GrantMemory();
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
    memory.learn(GRANT_ID, undefined);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toMatchObject({ token: undefined });
  });

  it("the memory does not answer for a grant with an unsaved pair", () => {
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, SECOND);
    memory.keepUnsaved(SECOND);
    expect(memory.fresh(GRANT_ID, DAY_MS)).toBeUndefined();
    expect(memory.unsaved(GRANT_ID)).toBe(SECOND);
    memory.forgetUnsaved(GRANT_ID);
    expect(memory.unsaved(GRANT_ID)).toBeUndefined();
    expect(memory.fresh(GRANT_ID, DAY_MS)?.token).toBe(SECOND);
  });

  it("a grant without an id has no unsaved pair", () => {
    expect(new GrantMemory().unsaved(undefined)).toBeUndefined();
  });

  it("unsaved pairs stay in memory, however many grants it learns", () => {
    const memory = new GrantMemory();
    memory.learn(GRANT_ID, SECOND);
    memory.keepUnsaved(SECOND);
    for (let id = 0; id < 10_001; id += 1) memory.learn(`${id}`, FIRST);
    expect(memory.cached(GRANT_ID)).toBeUndefined();
    expect(memory.newest(GRANT_ID)).toBe(SECOND);
  });

  it("the unsaved pair is the newest, whatever was read since", () => {
    const memory = new GrantMemory();
    expect(memory.newest(GRANT_ID)).toBeUndefined();
    memory.keepUnsaved(SECOND);
    memory.learn(GRANT_ID, FIRST);
    expect(memory.newest(GRANT_ID)).toBe(SECOND);
    memory.forgetUnsaved(GRANT_ID);
    expect(memory.newest(GRANT_ID)).toBe(FIRST);
  });

  it("the memory keeps the lifetime of a record without counting it as a new read", async () => {
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

describe("ended grants", () => {
  it("an ended grant stays ended, and nothing of it is left", () => {
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

  it("a grant ended everywhere stays so, whatever ends it next", () => {
    const memory = new GrantMemory();
    memory.end(GRANT_ID, "here");
    memory.end(GRANT_ID, "everywhere");
    memory.end(GRANT_ID, "here");
    expect(memory.ended(GRANT_ID)).toBe("everywhere");
  });
});

describe("grants that the caller holds", () => {
  it("a grant is known by every pair that it got in this process", () => {
    const memory = new GrantMemory();
    const id = memory.idOf(FIRST);
    expect(id).not.toContain("refresh");
    memory.keepUnsaved({ ...SECOND, id });
    expect(memory.idOf(SECOND)).toBe(id);
    expect(memory.idOf(FIRST)).toBe(id);
    expect(memory.idOf(tokenNo(3))).not.toBe(id);
  });

  it("a grant is known by its refresh token, or by its access token if it has none", () => {
    const memory = new GrantMemory();
    const { refreshToken: _, ...single } = FIRST;
    expect(memory.idOf({ ...FIRST, accessToken: "another" })).toBe(memory.idOf(FIRST));
    expect(memory.idOf(single)).not.toBe(memory.idOf(FIRST));
    expect(memory.idOf(single)).not.toBe(memory.idOf({ ...single, accessToken: "another" }));
  });
});

describe("rejected tokens", () => {
  it("a rejected access token is remembered alone, and a rejected refresh token ends the pair", () => {
    const memory = new GrantMemory();
    expect(memory.isRejected(FIRST.accessToken)).toBe(false);
    memory.reject(FIRST.accessToken);
    expect(memory.isRejected(FIRST.accessToken)).toBe(true);
    expect(memory.isRejected(SECOND.accessToken)).toBe(false);
    expect(memory.cannotRefresh(FIRST)).toBe(false);
    memory.reject("refresh 1");
    expect(memory.cannotRefresh(FIRST)).toBe(true);
  });

  it("a rejected access token ends a grant without a refresh token", () => {
    const memory = new GrantMemory();
    const { refreshToken: _, ...single } = FIRST;
    memory.reject(single.accessToken);
    expect(memory.cannotRefresh(single)).toBe(true);
  });
});
