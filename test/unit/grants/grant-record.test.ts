import { MemoryStore } from "express-session";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { GrantRecord, type LoginRecord } from "../../../src/grants/grant-record.js";
import { besideSessions } from "../../../src/grants/record-store.js";
import { createSeal } from "../../../src/seal.js";
import { movableClock } from "../../support/clock.js";
import { observe, SharedStore } from "../../support/memory-store.js";
import { GRANT_ID, tokenNo } from "../../support/tokens.js";

const SEAL = createSeal(["a secret of thirty-two characters."], "1");
const LOGIN: LoginRecord = { isPending: false, sessionId: "s", scopes: ["identify"], userId: "7", at: 1 };
const [FIRST, SECOND] = [tokenNo(1), tokenNo(2)] as const;

function start(memory: MemoryStore = new SharedStore()) {
  const { store, uses, content } = observe(memory);
  const settings = {
    store: besideSessions(store, 1000),
    seal: SEAL,
    leaseMs: 6000,
    owner: "1",
    keyOf: undefined,
  };
  /** Returns the record as a separate request sees it. */
  const record = (id = GRANT_ID) => new GrantRecord(settings, { grantId: id }, 5000, "token");
  return { store, settings, record, uses, content };
}

describe("grant records", () => {
  it("a new pair keeps what the callback recorded about its login", async () => {
    const { record } = start();
    await record().writeContent({ token: FIRST, login: LOGIN });
    const later = record();
    expect(await later.read()).toMatchObject({ token: FIRST, lifetimeMs: 5000 });
    await later.write(SECOND);
    expect(await record().readContent()).toMatchObject({ token: SECOND, login: LOGIN });
  });

  it("the record of a login without a grant has no token", async () => {
    const { record } = start();
    await record().writeContent({ login: LOGIN });
    expect(await record().readContent()).toMatchObject({ login: LOGIN });
    expect(await record().read()).toBeUndefined();
  });

  it("a record is touched with the value that was read, and not before", async () => {
    const { record, store, content } = start();
    const touched: unknown[] = [];
    store.touch = (_key, session, callback) => {
      touched.push(session);
      callback?.();
    };
    await record().write(FIRST);
    const later = record();
    await later.touch();
    expect(touched).toEqual([]);
    await later.read();
    await later.touch();
    const [stored] = Object.values(await content());
    expect(touched).toMatchObject([{ grant: stored?.grant }]);
  });

  it("a record has a lease only if other processes can see it", () => {
    expect(start(new MemoryStore()).record().lease).toBeUndefined();
    const record = start().record();
    expect(record.lease).toBe(record.lease);
    expect(record.lease).toBeDefined();
  });

  it("a record cannot be read in another grant's place", async () => {
    const { record, settings, content } = start();
    await record().write(FIRST);
    const [stored] = Object.values(await content());
    const other = record("BBBBBBBBBBBBBBBBBBBBBBBB");
    await other.write(SECOND);
    const keys = Object.keys(await content());
    for (const key of keys) await settings.store.write(key, stored?.grant ?? "", 5000);
    expect(await record().read()).toMatchObject({ token: FIRST });
    expect(await other.read()).toBeUndefined();
  });

  it.each([
    "null",
    "[]",
    "{}",
    '"a"',
    '{"writtenAt":1}',
    '{"writtenAt":1,"token":{"id":"a"}}',
    '{"token":{}}',
  ])("a record counts as missing if %s was encrypted", async (text) => {
    const { record, settings, content } = start();
    await record().write(FIRST);
    const [key = ""] = Object.keys(await content());
    await settings.store.write(key, SEAL.seal("grant", GRANT_ID, text), 5000);
    expect(await record().readContent()).toBeUndefined();
  });

  it("a grant's record is apart from that of its login, its lease and its marker", async () => {
    const { record, settings, content } = start();
    await record().write(FIRST);
    await new GrantRecord(settings, { grantId: GRANT_ID }, 5000, "login").writeContent({ login: LOGIN });
    await record().lease?.tryAcquire();
    await record().writeEndedMarker("here");
    expect(Object.keys(await content())).toHaveLength(4);
    await record().delete();
    expect(Object.keys(await content())).toHaveLength(3);
    expect(await record().readEndedMarker()).toBe("here");
  });

  it("the first write of a record is checked", async () => {
    const { record } = start();
    await record().write(FIRST);
    await expect(record().checkKept()).resolves.toBeUndefined();
  });
});

describe("lost pairs", () => {
  /** The warnings about a record that its store has lost. */
  function collect() {
    movableClock();
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => emitWarning.mockRestore());
    return emitWarning.mock.calls;
  }

  it("one warning reports that a store loses refreshed pairs, and a pair that stays ends the checks", async () => {
    const warnings = collect();
    const { record, uses } = start();
    for (const _ of [1, 2]) await record().warnUnlessKept();
    expect(warnings).toEqual([
      [
        expect.stringContaining("no longer has them"),
        expect.objectContaining({ code: "EXPRESS_DISCORD_STORE_LOSES" }),
      ],
    ]);
    await record().write(FIRST);
    await record().warnUnlessKept();
    const before = uses.length;
    await record().warnUnlessKept();
    expect(uses).toHaveLength(before);
    expect(warnings).toHaveLength(1);
  });

  it("no warning about a lost pair is given if it was signed out meanwhile", async () => {
    const warnings = collect();
    const { record } = start();
    await record().writeEndedMarker("here");
    await record().warnUnlessKept();
    expect(warnings).toEqual([]);
  });

  it("no warning about a lost pair is given if the store cannot be asked about a sign-out", async () => {
    const warnings = collect();
    const { store, record } = start();
    store.get = (_key, callback) => callback(new Error("The store is down."));
    await record().warnUnlessKept();
    expect(warnings).toEqual([]);
  });
});
