import type { IncomingMessage } from "node:http";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../src/config.js";
import type { Token } from "../src/grants/grant.js";
import { GrantPlaces } from "../src/grants/grant-places.js";
import type { SessionLike } from "../src/grants/session-data.js";
import type { DiscordOptions } from "../src/options.js";
import { createSeal } from "../src/seal.js";
import { observe, RECORD } from "./support/memory-store.js";

const ID = "AAAAAAAAAAAAAAAAAAAAAAAA";

function tokenNo(number: number): Token {
  return {
    id: ID,
    accessToken: `access ${number}`,
    scopes: [],
    issuedAt: number,
    expiresAt: number,
    userId: "7",
  };
}

const [FIRST, SECOND, THIRD] = [tokenNo(1), tokenNo(2), tokenNo(3)] as const;

function startPlaces(options: DiscordOptions = {}): GrantPlaces {
  const given = { clientId: "1", clientSecret: "secret", redirectUri: "http://127.0.0.1/", ...options };
  const config = resolveConfig(given, () => undefined);
  return new GrantPlaces(config, createSeal(config.secrets, config.clientId));
}

function requestWith(session: SessionLike, sessionStore?: MemoryStore): IncomingMessage {
  return { session, sessionStore } as unknown as IncomingMessage;
}

describe("the place of nobody's grant", () => {
  it("holds nothing, and takes nothing", async () => {
    const place = startPlaces().of(requestWith({}));
    expect(await place.read()).toBeUndefined();
    expect(await place.readAgain()).toBeUndefined();
    expect(await place.replace(FIRST, SECOND)).toBeUndefined();
    await place.end();
    expect(place.claim).toBeUndefined();
  });

  it("is that of a session that was signed out", async () => {
    const session: SessionLike = { discord: { formerUserId: "7" } };
    expect(await startPlaces().of(requestWith(session)).read()).toBeUndefined();
  });
});

describe("the place of a grant", () => {
  it("is beside the session, where it has a store", async () => {
    const { store, content } = observe(new MemoryStore());
    const places = startPlaces();
    const session: SessionLike = {};
    const req = requestWith(session, store);
    await places.create(req, FIRST);
    places.point(req, FIRST);
    expect(session).toEqual({ discord: { grantId: ID, userId: "7" } });
    expect(Object.keys(await content())).toEqual([expect.stringMatching(RECORD)]);
    expect(await places.of(req).read()).toEqual(FIRST);
    expect(await startPlaces().of(req).readAgain()).toEqual(FIRST);
  });

  it("is the token store, where there is one, whatever the session has", async () => {
    const tokenStore = new Map<string, string>();
    const places = startPlaces({ tokenStore });
    for (const store of [new MemoryStore(), undefined]) {
      tokenStore.clear();
      const session: SessionLike = {};
      const req = requestWith(session, store);
      await places.create(req, FIRST);
      places.point(req, FIRST);
      expect([...tokenStore.keys()]).toEqual([`discord-${ID}`]);
      expect(session).toEqual({ discord: { grantId: ID, userId: "7" } });
      expect(await places.of(req).readAgain()).toEqual(FIRST);
    }
  });

  it("keeps what the session knows of the same sign-in", () => {
    const session: SessionLike = { discord: { grantId: ID, stateHash: "hash" } };
    startPlaces().point(requestWith(session, new MemoryStore()), FIRST);
    expect(session.discord).toEqual({ grantId: ID, userId: "7", stateHash: "hash" });
  });
});

describe("the place of a grant in a session without a store", () => {
  function start() {
    const places = startPlaces();
    const session: SessionLike = {};
    places.point(requestWith(session), FIRST);
    /** The session as a browser sends it that has not had an answer yet. */
    const sentBefore = structuredClone(session);
    return { places, session, sentBefore, place: places.of(requestWith(session)) };
  }

  it("is the session itself, sealed", async () => {
    const { place, places, session } = start();
    expect(JSON.stringify(session)).not.toContain("access");
    expect(await place.read()).toEqual(FIRST);
    expect(places.record(requestWith(session), ID)).toBeUndefined();
    expect(place.claim).toBeUndefined();
  });

  it("takes a new pair for the former one", async () => {
    const { place, session } = start();
    expect(await place.replace(FIRST, SECOND)).toEqual(SECOND);
    expect(await place.readAgain()).toEqual(SECOND);
    expect(await startPlaces().of(requestWith(session)).read()).toEqual(SECOND);
    expect(await place.replace(FIRST, THIRD)).toEqual(SECOND);
  });

  it("is brought up to date when a browser still sends the session from before", async () => {
    const { place, places, sentBefore } = start();
    await place.replace(FIRST, SECOND);
    expect(await places.of(requestWith(sentBefore)).read()).toEqual(SECOND);
    expect(await startPlaces().of(requestWith(sentBefore)).read()).toEqual(SECOND);
  });

  it("is believed when it is newer than what this process knows", async () => {
    const { place, places, session } = start();
    await place.replace(FIRST, SECOND);
    const elsewhere = startPlaces();
    await elsewhere.of(requestWith(session)).replace(SECOND, THIRD);
    expect(await places.of(requestWith(session)).read()).toEqual(THIRD);
  });

  it("ends for every copy of the session, in this process", async () => {
    const { place, places, sentBefore } = start();
    await place.replace(FIRST, SECOND);
    await place.end();
    expect(await place.read()).toBeUndefined();
    expect(await place.replace(SECOND, THIRD)).toBeUndefined();
    expect(await places.of(requestWith(sentBefore)).read()).toBeUndefined();
  });

  it("holds nothing where the seal is broken, missing, or that of another grant", async () => {
    const { places, session } = start();
    const sealed = (session.discord as { sealed: string }).sealed;
    for (const discord of [
      { grantId: ID },
      { grantId: ID, sealed: "broken" },
      { grantId: "BBBBBBBBBBBBBBBBBBBBBBBB", sealed },
    ])
      expect(await places.of(requestWith({ discord })).read()).toBeUndefined();
  });
});
