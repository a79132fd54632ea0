import type { IncomingMessage } from "node:http";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/config.js";
import {
  lastUserOf,
  type SessionLike,
  sessionOf,
  setSignIn,
  signInOf,
} from "../../../src/grants/session-data.js";
import { TokenStorages } from "../../../src/grants/token-storages.js";
import type { DiscordOptions } from "../../../src/options.js";
import { createSeal } from "../../../src/seal.js";
import { OUR_KEY, observe } from "../../support/memory-store.js";
import { GRANT_ID, tokenNo } from "../../support/tokens.js";

const CLIENT_ID = "1100000000000000099";
const SESSION_ID = "9f86d081884c7d659a2feaa0c55ad015";
const [FIRST, SECOND] = [tokenNo(1), tokenNo(2)] as const;

function startStorages(options: DiscordOptions = {}): TokenStorages {
  const given = { clientId: CLIENT_ID, clientSecret: "secret", redirectUri: "http://127.0.0.1/", ...options };
  const config = resolveConfig(given, () => undefined);
  return new TokenStorages(config, createSeal(config.secrets, config.clientId));
}

function requestWith(session: SessionLike, sessionStore?: MemoryStore, sessionID?: string): IncomingMessage {
  return { session, sessionStore, sessionID } as unknown as IncomingMessage;
}

/** Returns the session's entry for this application. */
function entryIn({ discord }: SessionLike): unknown {
  return discord?.[CLIENT_ID];
}

describe("requests without a grant", () => {
  it.each<readonly [string, unknown]>([
    ["holds nothing", undefined],
    ["was signed out", { [CLIENT_ID]: { formerUserId: "7" } }],
    ["has something of the app's own under this name", { theme: "dark" }],
    ["has a text of the app's own under this name", "dark"],
    ["has another application's sign-in", { "1": { grantId: GRANT_ID } }],
    ["has a grant without a proper id", { [CLIENT_ID]: { grantId: 7 } }],
  ])("a request has no tokens if its session %s", async (_what, discord) => {
    const storage = startStorages().of(requestWith({ discord } as SessionLike, new MemoryStore()));
    expect(await storage.read()).toBeUndefined();
    await storage.write(FIRST);
    await storage.delete();
    expect(await storage.read()).toBeUndefined();
    expect([storage.id, storage.record]).toEqual([undefined, undefined]);
  });

  it("a request without a session is an error", () => {
    for (const session of [undefined, null])
      expect(() => startStorages().of({ headers: {}, session } as unknown as IncomingMessage)).toThrow(
        expect.objectContaining({ code: "session_missing", status: 500 }),
      );
  });
});

describe("grant storage", () => {
  it("a grant is stored in a record next to the session, which holds the ids of grant and user", async () => {
    const { store, content } = observe(new MemoryStore());
    const session: SessionLike = {};
    const req = requestWith(session, store);
    await startStorages().pointTo(req, FIRST).write(FIRST);
    expect(entryIn(session)).toEqual({ grantId: GRANT_ID, userId: "7" });
    expect(Object.keys(await content())).toEqual([expect.stringMatching(OUR_KEY)]);
    expect(JSON.stringify(await content())).not.toContain("access");
    expect((await startStorages().of(req).read())?.token).toEqual(FIRST);
  });

  it("a grant's key keeps the form of the session id at the login, whatever form a later id has", async () => {
    const { store, content } = observe(new MemoryStore());
    const session: SessionLike = {};
    await startStorages()
      .pointTo(requestWith(session, store, SESSION_ID), FIRST)
      .write(FIRST);
    expect(Object.keys(await content())).toEqual([expect.stringMatching(/^[\da-f]{32}$/)]);
    const later = requestWith(session, store, "an-id-of-another-form-altogether");
    expect((await startStorages().of(later).read())?.token).toEqual(FIRST);
    await startStorages().pointTo(later, SECOND).write(SECOND);
    expect(Object.keys(await content())).toHaveLength(1);
  });

  it("recordKey of the app makes a grant's key from a hash", async () => {
    const { store, content } = observe(new MemoryStore());
    const hashes: string[] = [];
    const recordKey = (hash: string) => {
      hashes.push(hash);
      return `own-${hash.slice(0, 8)}`;
    };
    await startStorages({ recordKey })
      .pointTo(requestWith({}, store, SESSION_ID), FIRST)
      .write(FIRST);
    expect(Object.keys(await content())).toEqual([`own-${hashes.at(-1)?.slice(0, 8)}`]);
    expect(hashes.at(-1)).not.toContain(GRANT_ID);
  });

  it("a token store gets the records under keys in our own form", async () => {
    for (const store of [new MemoryStore(), undefined]) {
      const tokenStore = new Map<string, string>();
      const session: SessionLike = {};
      const req = requestWith(session, store, SESSION_ID);
      await startStorages({ tokenStore }).pointTo(req, FIRST).write(FIRST);
      expect([...tokenStore.keys()]).toEqual([expect.stringMatching(OUR_KEY)]);
      expect((await startStorages({ tokenStore }).of(req).read())?.token).toEqual(FIRST);
    }
  });

  it("a grant's record lives as long as the session", async () => {
    const storages = startStorages();
    const lifetimeOf = (cookie: SessionLike["cookie"]) =>
      storages.pointTo(requestWith({ cookie } as SessionLike, new MemoryStore()), FIRST).record?.lifetimeMs;
    expect(lifetimeOf({ originalMaxAge: 5000 })).toBe(5000);
    expect(lifetimeOf({ originalMaxAge: null })).toBeUndefined();
    expect(lifetimeOf(undefined)).toBeUndefined();
  });

  it("a grant cannot be read with another secret, or by another application", async () => {
    const store = new MemoryStore();
    const session: SessionLike = {};
    const req = requestWith(session, store);
    await startStorages().pointTo(req, FIRST).write(FIRST);
    expect(await startStorages({ clientSecret: "another" }).of(req).read()).toBeUndefined();
    session.discord = { ...session.discord, "1": session.discord?.[CLIENT_ID] ?? { formerUserId: "" } };
    expect(await startStorages({ clientId: "1" }).of(req).read()).toBeUndefined();
  });
});

describe("sessions without a store", () => {
  it("a session without a store holds the grant itself, encrypted", async () => {
    const session: SessionLike = {};
    const storage = startStorages().pointTo(requestWith(session), FIRST);
    await storage.write(FIRST);
    expect(JSON.stringify(session)).not.toContain("access");
    expect(await startStorages().of(requestWith(session)).read()).toEqual({ token: FIRST });
    expect(storage).toMatchObject({ id: GRANT_ID, isInResponse: true });
    expect(startStorages().recordOfLogin(requestWith(session), { grantId: GRANT_ID })).toBeUndefined();
    await storage.write(SECOND);
    expect(await storage.read()).toEqual({ token: SECOND });
    await storage.delete();
  });

  it("a session without a store accepts no tokens after a sign-out", async () => {
    const session: SessionLike = {};
    const storage = startStorages().pointTo(requestWith(session), FIRST);
    setSignIn(session, CLIENT_ID, { formerUserId: "7" });
    await storage.write(FIRST);
    expect(await storage.read()).toBeUndefined();
    expect(entryIn(session)).toEqual({ formerUserId: "7" });
  });

  it.each([{}, { sealed: "made up" }, { sealed: "" }])(
    "a session without a store has no tokens in %j",
    async (fields) => {
      const session = { discord: { [CLIENT_ID]: { grantId: GRANT_ID, ...fields } } };
      expect(await startStorages().of(requestWith(session)).read()).toBeUndefined();
    },
  );

  it("a session without a store has no tokens if something else was encrypted", async () => {
    const seal = createSeal(["secret"], CLIENT_ID);
    for (const text of [
      "null",
      "[]",
      "{}",
      '"a"',
      '{"id":"a","accessToken":"b","scopes":[],"expiresAt":"c"}',
    ]) {
      const sealed = seal.seal("grant", GRANT_ID, text);
      const session = { discord: { [CLIENT_ID]: { grantId: GRANT_ID, sealed } } };
      expect(await startStorages().of(requestWith(session)).read()).toBeUndefined();
    }
  });
});

describe("session data", () => {
  it("a session holds the sign-ins of several applications apart", () => {
    const session: SessionLike = {};
    setSignIn(session, "1", { grantId: "a", userId: "7" });
    setSignIn(session, "2", { grantId: "b" });
    setSignIn(session, "1", { formerUserId: "7" });
    expect(signInOf(session, "1")).toBeUndefined();
    expect(signInOf(session, "2")).toEqual({ grantId: "b" });
    expect([lastUserOf(session, "1"), lastUserOf(session, "2"), lastUserOf(session, "3")]).toEqual([
      { id: "7" },
      { id: undefined },
      undefined,
    ]);
    expect(lastUserOf(session, "constructor")).toBeUndefined();
  });

  it("the session is found on the request", () => {
    const session = {};
    expect(sessionOf(requestWith(session))).toBe(session);
  });
});
