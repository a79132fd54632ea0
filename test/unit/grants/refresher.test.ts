import { describe, expect, it } from "vitest";
import { HttpException } from "../../../src/errors.js";
import { heldToken } from "../../../src/grants/held-token.js";
import { createGate } from "../../support/gate.js";
import { outcomeOf, startGrants, WEEK_MS } from "../../support/grant-processes.js";
import { quiet } from "../../support/stepped-clock.js";
import { GRANT_ID } from "../../support/tokens.js";

const DOWN = new HttpException({ message: "Discord is down.", code: "discord_unavailable", status: 502 });

async function startTwo() {
  const story = await startGrants();
  const [here, there] = [story.startProcess(), story.startProcess()];
  await Promise.all([here, there].map(({ grants, record }) => grants.validToken(record())));
  return { ...story, here, there };
}

describe("refreshes", () => {
  it("a refresh takes seven store calls once the pair is known to be due", async () => {
    const { clock, store, startProcess, expire } = await startGrants();
    const { grants, record } = startProcess();
    const token = await grants.validToken(record());
    await expire();
    const calls: string[] = [];
    store.fails = (action) => calls.push(action) < 0;
    await clock.until(grants.refresh(record(), token));
    expect(calls).toEqual(["get", "set", "get", "get", "set", "get", "set"]);
  });

  it("a refresh stores the new pair, and keeps the old values that the response omits", async () => {
    const { clock, discord, first, startProcess, stored, expire } = await startGrants();
    const { grants, record } = startProcess();
    await expire();
    discord.changes = { refreshToken: undefined, scopes: [] };
    const renewed = await clock.until(grants.validToken(record()));
    expect(renewed).toEqual({
      ...first,
      accessToken: "access 1",
      issuedAt: clock.now(),
      expiresAt: clock.now() + WEEK_MS,
    });
    expect(await stored()).toEqual(renewed);
  });

  it("a refreshed token is newer than the old one, even if the clock was set back", async () => {
    const { clock, discord, first, startProcess } = await startGrants();
    const { grants, record } = startProcess();
    discord.changes = { issuedAt: first.issuedAt - 5000 };
    const renewed = await clock.until(grants.refresh(record(), first));
    expect(renewed.issuedAt).toBe(first.issuedAt + 1);
  });

  it("all requests of a process share one refresh", async () => {
    const { clock, discord, startProcess, expire } = await startGrants();
    const { grants, record } = startProcess();
    await expire();
    const renewed = await clock.until(Promise.all([1, 2, 3].map(() => grants.validToken(record()))));
    expect(new Set(renewed.map(({ accessToken }) => accessToken))).toEqual(new Set(["access 1"]));
    expect(discord.refreshed).toEqual(["refresh 0"]);
    expect(grants.busy).toBe(0);
  });

  it("two processes that begin at the same moment refresh once", async () => {
    const { clock, discord, here, there, expire } = await startTwo();
    await expire();
    const renewed = await clock.until(
      Promise.all([here, there].map(({ grants, record }) => grants.validToken(record()))),
    );
    expect(renewed[0]).toEqual(renewed[1]);
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });

  it("a process waits for another's refresh, however slow Discord is, and uses its pair", async () => {
    const { clock, discord, here, there, expire, startProcess } = await startTwo();
    await expire();
    const answer = discord.hold();
    const impatient = [outcomeOf(here.grants.validToken(here.record()))];
    await quiet();
    impatient.push(outcomeOf(there.grants.validToken(there.record())));
    // Longer than a lease lasts without a renewal.
    await clock.advance(15_000);
    for (const outcome of impatient) expect(await outcome).toMatchObject({ code: "discord_timeout" });

    const waiting = [here, there].map(({ grants, record }) => grants.validToken(record()));
    answer.open();
    const third = startProcess();
    const renewed = await clock.until(Promise.all([...waiting, third.grants.validToken(third.record())]));
    expect(renewed.map(({ accessToken }) => accessToken)).toEqual(["access 1", "access 1", "access 1"]);
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });

  it("a process waits for another's refresh, however slow the store is to write the new pair", async () => {
    const { clock, discord, store, startProcess, expire } = await startGrants({}, 60_000);
    const [here, there] = [startProcess(), startProcess()];
    await expire();
    const answer = discord.hold();
    const waiting = [here.grants.validToken(here.record())];
    await quiet();
    const writing = store.hold("set");
    answer.open();
    await writing.begun;
    waiting.push(there.grants.validToken(there.record()));
    // Longer than a lease lasts that nobody renews.
    await clock.advance(4000);
    writing.release();
    const renewed = await clock.until(Promise.all(waiting));
    expect(renewed.map(({ accessToken }) => accessToken)).toEqual(["access 1", "access 1"]);
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });

  it("a refresh starts again if the process that held the lease has died", async () => {
    const { clock, discord, here, there, expire } = await startTwo();
    await expire();
    await there.record().lease?.tryAcquire();
    const waiting = here.grants.validToken(here.record());
    await clock.advance(2400);
    expect(discord.refreshed).toEqual([]);
    await clock.advance(400);
    expect(await waiting).toMatchObject({ accessToken: "access 1" });
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });

  it("a refresh goes on with another process's pair if that has expired by then", async () => {
    const { clock, discord, first, here, there, stored, expire } = await startTwo();
    await expire();
    const lease = there.record().lease;
    await lease?.tryAcquire();
    const refreshing = here.grants.refresh(here.record(), first);
    await quiet();
    discord.current = "refresh x";
    const newer = {
      ...first,
      refreshToken: "refresh x",
      accessToken: "access x",
      issuedAt: first.issuedAt + 1,
    };
    await there.record().write(newer);
    await clock.advance(100);
    await lease?.release();
    expect(await clock.until(refreshing)).toMatchObject({ accessToken: "access 1" });
    expect(discord.refreshed).toEqual(["refresh x"]);
    expect(await stored()).toMatchObject({ accessToken: "access 1" });
  });

  it.each(["while another process is waited for", "before Discord is asked"])(
    "a refresh ends the grant if the record is gone %s",
    async (when) => {
      const { clock, store, discord, first, here, there, expire } = await startTwo();
      await expire();
      if (when.startsWith("while")) await there.record().lease?.tryAcquire();
      else store.entries.clear();
      const refreshing = outcomeOf(here.grants.refresh(here.record(), first));
      await quiet();
      store.entries.clear();
      expect(await clock.until(refreshing)).toMatchObject({ code: "grant_ended" });
      await expect(here.grants.validToken(here.record())).rejects.toMatchObject({ code: "not_signed_in" });
      expect(discord.refreshed).toEqual([]);
    },
  );

  it("a refresh rewrites the pair it knows if the store has lost it, and asks for no other", async () => {
    const { clock, store, discord, first, here, stored, expire } = await startTwo();
    await expire();
    const old = [...store.entries];
    const renewed = await clock.until(here.grants.validToken(here.record()));
    for (const [key, value] of old) store.entries.set(key, value);
    expect(await clock.until(here.grants.refresh(here.record(), first))).toEqual(renewed);
    expect(await stored()).toEqual(renewed);
    expect(discord.refreshed).toEqual(["refresh 0"]);
  });
});

describe("refused refreshes", () => {
  it("a refused refresh ends the sign-in, is not repeated, and leaves the record to other processes", async () => {
    const { clock, discord, here, stored, first, expire } = await startTwo();
    await expire();
    discord.current = "none";
    await expect(clock.until(here.grants.validToken(here.record()))).rejects.toMatchObject({
      code: "grant_ended",
    });
    await expect(clock.until(here.grants.validToken(here.record()))).rejects.toMatchObject({
      code: "not_signed_in",
    });
    await expect(clock.until(here.grants.refresh(here.record(), first))).rejects.toMatchObject({
      code: "grant_ended",
    });
    expect(await here.grants.read(here.record())).toBeUndefined();
    expect(discord.refreshed).toEqual(["refresh 0"]);
    expect(await stored()).toEqual(first);
  });

  it("a refusal is over as soon as another process has stored its pair, however late", async () => {
    const { clock, discord, first, here, there, expire } = await startTwo();
    await expire();
    discord.current = "none";
    const refused = { code: "grant_ended" };
    await expect(clock.until(here.grants.validToken(here.record()))).rejects.toMatchObject(refused);
    const expiresAt = clock.now() + WEEK_MS;
    const newer = { ...first, accessToken: "access x", issuedAt: clock.now(), expiresAt };
    await there.record().write(newer);
    expect(await here.grants.validToken(here.record())).toEqual(newer);
  });

  it("a refusal does not count if another process stores its pair a moment later", async () => {
    const { clock, store, discord, first, here, there, expire } = await startTwo();
    await expire();
    const newer = {
      ...first,
      accessToken: "access x",
      issuedAt: clock.now(),
      expiresAt: clock.now() + WEEK_MS,
    };
    discord.current = "none";
    const refreshing = here.grants.validToken(here.record());
    await clock.advance(350);
    expect(discord.refreshed).toHaveLength(1);
    await there.record().write(newer);
    expect(await clock.until(refreshing)).toEqual(newer);
    expect(store.entries.size).toBe(2);
  });

  it("a refusal does not count if the record belongs to another login by now", async () => {
    const { clock, discord, first, startProcess } = await startGrants();
    const next = { ...first, id: "another", accessToken: "access x", expiresAt: clock.now() + 2 * WEEK_MS };
    const { grants } = startProcess();
    let current = first;
    discord.current = "none";
    const storage = {
      isShared: true,
      read: async () => ({ token: current }),
      write: async () => undefined,
      delete: async () => undefined,
    };
    const refreshing = grants.refresh(storage, first);
    await quiet();
    expect(discord.refreshed).toEqual(["refresh 0"]);
    current = next;
    expect(await clock.until(refreshing)).toEqual(next);
  });

  it("a refusal does not count while another process holds the lease, whose pair is waited for", async () => {
    const { clock, discord, first, here, there, expire } = await startTwo();
    await expire();
    const answer = discord.hold();
    discord.current = "none";
    const refreshing = here.grants.validToken(here.record());
    await quiet();
    // Another process has overwritten the lease and is slow to store its pair.
    const lease = there.record().lease;
    await here.record().lease?.release();
    answer.open();
    await quiet();
    await lease?.tryAcquire();
    await clock.advance(2000);
    const newer = {
      ...first,
      accessToken: "access x",
      issuedAt: clock.now(),
      expiresAt: clock.now() + WEEK_MS,
    };
    await there.record().write(newer);
    expect(await clock.until(refreshing)).toEqual(newer);
    expect(discord.refreshed).toHaveLength(1);
  });

  it("a refusal ends the grant if the record disappears while other processes are checked", async () => {
    const { clock, store, discord, here, expire } = await startTwo();
    await expire();
    discord.current = "none";
    const refreshing = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    store.entries.clear();
    expect(await clock.until(refreshing)).toMatchObject({ code: "grant_ended" });
  });

  it("a refusal immediately deletes a token that only the caller holds", async () => {
    const { clock, discord, first, startProcess, expire } = await startGrants();
    await expire();
    discord.current = "none";
    const told: unknown[] = [];
    const { grants } = startProcess();
    const before = clock.now();
    const held = heldToken(first, GRANT_ID, (next) => void told.push(next));
    await expect(grants.validToken(held)).rejects.toMatchObject({ code: "grant_ended" });
    expect(told).toEqual([undefined]);
    expect(clock.now()).toBe(before);
  });

  it("a failure that is not a refusal does not end the grant", async () => {
    const { clock, discord, first, here, stored, expire } = await startTwo();
    await expire();
    discord.fails = () => new Error("Discord is down.");
    await expect(clock.until(here.grants.validToken(here.record()))).rejects.toThrow("Discord is down.");
    expect(await stored()).toEqual(first);
    discord.fails = () => undefined;
    expect(await clock.until(here.grants.validToken(here.record()))).toMatchObject({
      accessToken: "access 2",
    });
  });

  it("a refresh that fails does not overwrite the pair that another process has stored", async () => {
    const { clock, discord, first, here, there, stored, expire } = await startTwo();
    await expire();
    discord.fails = () => new Error("Discord is down.");
    const answer = discord.hold();
    const refreshing = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    // The process was frozen for longer than its lease lasts, and another one has refreshed.
    const newer = { ...first, accessToken: "access x", issuedAt: clock.now(), expiresAt: 3 * WEEK_MS };
    await there.record().write(newer);
    answer.open();
    expect(await clock.until(refreshing)).toMatchObject({ message: "Discord is down." });
    expect(await stored()).toEqual(newer);
  });

  it("a token without a refresh token ends the grant without a request", async () => {
    const { clock, discord, first, startProcess, expire } = await startGrants();
    const { refreshToken: _, ...single } = first;
    const { grants, record } = startProcess();
    await record().write(single);
    await expire();
    await expect(clock.until(grants.validToken(record()))).rejects.toMatchObject({ code: "grant_ended" });
    expect(discord.refreshed).toEqual([]);
  });
});

describe("sign-outs during refreshes", () => {
  it.each([
    ["here", "here", []],
    ["here", "everywhere", ["access 1", "access 0"]],
    ["in another process", "here", []],
    ["in another process", "everywhere", ["access 0", "access 1"]],
  ] as const)("a sign-out %s during a refresh is final (signed out %s)", async (where, ended, revoked) => {
    const { clock, discord, here, there, stored, expire } = await startTwo();
    await expire();
    const answer = discord.hold();
    const outcome = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    const { grants, record } = where === "here" ? here : there;
    await grants.end(record(), GRANT_ID, ended);
    answer.open();
    expect(await clock.until(outcome)).toMatchObject({ code: "grant_ended" });
    await here.grants.idle();
    expect(await stored()).toBeUndefined();
    expect(discord.revoked.toSorted()).toEqual([...revoked].toSorted());
    for (const process of [here, there])
      await expect(clock.until(process.grants.read(process.record()))).resolves.toBeUndefined();
  });

  it("a sign-out everywhere during a refresh revokes the new pair once Discord can be reached", async () => {
    const { clock, discord, here, there, expire } = await startTwo();
    await expire();
    const answer = discord.hold();
    const outcome = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    await there.grants.end(there.record(), GRANT_ID, "everywhere");
    const revoke = discord.revoke.bind(discord);
    discord.revoke = () => Promise.reject(DOWN);
    answer.open();
    expect(await clock.until(outcome)).toMatchObject({ code: "grant_ended" });
    expect(discord.revoked).toEqual(["access 0"]);
    await clock.advance(5000);
    discord.revoke = revoke;
    await clock.advance(5000);
    expect(discord.revoked).toEqual(["access 0", "access 1"]);
    await clock.advance(60_000);
    expect(discord.revoked).toHaveLength(2);
  });

  it("a revocation that failed is not retried once the user has signed in again", async () => {
    const { clock, discord, first, here, there, expire } = await startTwo();
    await here.record().write({ ...first, userId: "42" });
    await clock.until(here.grants.read(here.record()));
    await expire();
    const answer = discord.hold();
    const outcome = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    await there.grants.end(there.record(), GRANT_ID, "everywhere");
    const revoke = discord.revoke.bind(discord);
    discord.revoke = () => Promise.reject(DOWN);
    answer.open();
    await clock.until(outcome);
    discord.revoke = revoke;
    here.grants.learnFirst({ ...first, id: "the next login", userId: "42" });
    await clock.advance(60_000);
    expect(discord.revoked).not.toContain("access 1");
  });

  it("a revocation that fails after the user has signed in again is not retried", async () => {
    const { clock, discord, first, here, there, expire } = await startTwo();
    await expire();
    const answer = discord.hold();
    const outcome = outcomeOf(here.grants.validToken(here.record()));
    await quiet();
    await there.grants.end(there.record(), GRANT_ID, "everywhere");
    const revoke = discord.revoke.bind(discord);
    const asked = createGate();
    const answered = createGate();
    discord.revoke = async () => {
      asked.open();
      await answered.opened;
      throw DOWN;
    };
    answer.open();
    await asked.opened;
    discord.revoke = revoke;
    here.grants.learnFirst({ ...first, id: "the next login" });
    answered.open();
    await clock.until(outcome);
    await clock.advance(60_000);
    expect(discord.revoked).toEqual(["access 0"]);
  });

  it("a refresh notices a sign-out between writing its pair and reading the marker", async () => {
    const { clock, store, discord, here, there, stored, expire } = await startTwo();
    await expire();
    const refreshing = outcomeOf(here.grants.validToken(here.record()));
    const written = createGate();
    const { set } = store;
    store.set = async (key, value, ttlMs) => {
      await set.call(store, key, value, ttlMs);
      if (discord.refreshed.length > 0) {
        store.set = set;
        await there.grants.end(there.record(), GRANT_ID, "everywhere");
        written.open();
      }
    };
    expect(await clock.until(refreshing)).toMatchObject({ code: "grant_ended" });
    await written.opened;
    expect(await stored()).toBeUndefined();
    expect(discord.revoked).toContain("access 1");
  });

  it("a refresh does not use another process's pair if a sign-out could not delete it", async () => {
    const { clock, store, first, here, there } = await startTwo();
    await clock.until(there.grants.refresh(there.record(), first));
    store.fails = (action) => action === "delete";
    await outcomeOf(there.grants.end(there.record(), GRANT_ID));
    expect(await clock.until(outcomeOf(here.grants.refresh(here.record(), first)))).toMatchObject({
      code: "grant_ended",
    });
  });

  it("no refresh starts after a sign-out", async () => {
    const { discord, first, here } = await startTwo();
    await here.grants.end(here.record(), GRANT_ID);
    await expect(here.grants.refresh(here.record(), first)).rejects.toMatchObject({ code: "grant_ended" });
    expect(discord.refreshed).toEqual([]);
  });
});
