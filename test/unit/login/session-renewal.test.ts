import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { SessionStore } from "../../../src/grants/record-store.js";
import { type SessionLike, sessionOf } from "../../../src/grants/session-data.js";
import { renewSession, saveSession, storedSession } from "../../../src/login/session-renewal.js";

type Settled = (error?: unknown) => void;

const FORMER_COOKIE = {
  originalMaxAge: 5000,
  maxAge: 1,
  path: "/app",
  sameSite: "none",
  secure: true,
  partitioned: true,
  expires: new Date(0),
};

const ID = "Zk3vT8mYb1LwKc5RxN7sDf2HpGj9Ue4q";

function encodedWhole(text: string): string {
  return [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("");
}

/** A request whose session gets a new id as in express-session: an empty session with the default cookie. */
function requestWith(session: object, regenerated: object = { cookie: { originalMaxAge: null } }) {
  const req = {
    session: {
      regenerate(callback: Settled) {
        req.session = regenerated as typeof req.session;
        callback();
      },
      ...session,
    },
  };
  return req as unknown as IncomingMessage & { session: SessionLike & Record<string, unknown> };
}

const DEADLINE_MS = 1000;

function renew(req: IncomingMessage, keepsData: boolean, deadlineMs: number): Promise<SessionLike> {
  return renewSession(req, keepsData ? sessionOf(req) : undefined, deadlineMs);
}

describe("renewed sessions", () => {
  it("a renewed session keeps the app's data, cookie settings and sign-ins", async () => {
    const signIns = { "1100000000000000099": { grantId: "g" } };
    const req = requestWith({ cart: [1], discord: signIns, cookie: FORMER_COOKIE });
    const session = await renew(req, true, DEADLINE_MS);
    expect(session).toBe(req.session);
    expect(session).toEqual({
      cart: [1],
      discord: signIns,
      cookie: {
        originalMaxAge: 5000,
        maxAge: 5000,
        path: "/app",
        sameSite: "none",
        secure: true,
        partitioned: true,
      },
      regenerate: expect.any(Function),
    });
  });

  it("a renewed session reads its cookie settings from toJSON if possible", async () => {
    const cookie = {
      originalMaxAge: null,
      toJSON: () => ({ path: "/told", httpOnly: false, domain: "a.example" }),
    };
    const session = await renew(requestWith({ cookie }), true, DEADLINE_MS);
    expect(session.cookie).toEqual({
      originalMaxAge: null,
      maxAge: null,
      path: "/told",
      httpOnly: false,
      domain: "a.example",
    });
  });

  it("the renewed session of another user keeps only its cookie", async () => {
    const regenerated = { cookie: { originalMaxAge: 7 }, left: "over" };
    const req = requestWith({ cart: [1], discord: { grantId: "g" }, cookie: FORMER_COOKIE }, regenerated);
    expect(await renew(req, false, DEADLINE_MS)).toEqual({ cookie: { originalMaxAge: 7 } });
  });

  it.each([
    ["no cookie at all", {}],
    [
      "other cookies",
      { headers: { cookie: "theme=dark; connect.sid=s%3Aanother-id-of-a-session.signature" } },
    ],
    ["other parsed cookies", { cookies: { theme: "dark" }, signedCookies: { id: "another" } }],
  ])("a session that began with this request is kept if the request brought %s", async (_what, brought) => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} }, brought);
    const { session } = req;
    expect(await renew(req, true, DEADLINE_MS)).toBe(session);
    expect(req.session).toBe(session);
  });

  it.each([
    ["signed", { headers: { cookie: `theme=dark; connect.sid=s%3A${ID}.signature` } }],
    ["as it is", { headers: { cookie: `sid=${ID}` } }],
    ["with every character encoded", { headers: { cookie: `sid=s%3A${encodedWhole(ID)}.signature` } }],
    [
      "behind something that cannot be decoded",
      { headers: { cookie: `a=%E0%A4%A; sid=s%3A${ID}.signature` } },
    ],
    ["in a header of its own", { rawHeaders: ["X-Session", ID] }],
    ["in the address", { originalUrl: `/callback?sid=${ID}` }],
    ["as a parser of cookies has read it", { cookies: { sid: `s:${ID}.signature` } }],
    ["beside a cookie that is not text", { cookies: { odd: { toString: 1 }, sid: `s:${ID}.signature` } }],
    ["as a parser of cookies has checked it", { signedCookies: { sid: ID } }],
  ])("a session gets a new id if the browser has sent the old one %s", async (_how, brought) => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} }, brought);
    const { session } = req;
    expect(await renew(req, true, DEADLINE_MS)).not.toBe(session);
    expect(req.session).toMatchObject({ cart: [1] });
  });

  it.each([
    ["an id that a cookie may spell in several ways", { sessionID: "id of the visitor: Jos\u00e9" }],
    ["an id that may stand in a cookie by chance", { sessionID: "dark" }],
    ["an invalid id", { sessionID: undefined }],
  ])("a session gets a new id if it has %s", async (_what, brought) => {
    const req = Object.assign(requestWith({ id: brought.sessionID }), { headers: {} }, brought);
    const { session } = req;
    expect(await renew(req, true, DEADLINE_MS)).not.toBe(session);
  });

  it("a session gets a new id if it is not the session of the request's id", async () => {
    const req = Object.assign(requestWith({ id: "another-session-put-in-its-place" }), {
      sessionID: ID,
      headers: {},
    });
    const { session } = req;
    expect(await renew(req, true, DEADLINE_MS)).not.toBe(session);
  });

  it("a session gets a new id if its data must not be kept", async () => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} });
    expect(await renew(req, false, DEADLINE_MS)).not.toHaveProperty("cart");
  });

  it("a cookie session, which has no id, keeps its data or loses it", async () => {
    const kept = { session: { cart: [1], discord: { grantId: "g" } } } as unknown as IncomingMessage;
    expect(await renew(kept, true, DEADLINE_MS)).toHaveProperty("cart", [1]);
    const cleared = { session: { cart: [1], discord: { grantId: "g" } } } as unknown as IncomingMessage;
    expect(await renew(cleared, false, DEADLINE_MS)).toEqual({});
  });

  it("the renewal waits for a regenerate that returns a promise instead of calling back", async () => {
    const renewed = {};
    const req = {
      session: {
        cart: [1],
        async regenerate() {
          await new Promise((resolve) => setImmediate(resolve));
          req.session = renewed as typeof req.session;
        },
      },
    };
    expect(await renew(req as unknown as IncomingMessage, true, DEADLINE_MS)).toBe(renewed);
    expect(renewed).toMatchObject({ cart: [1] });
  });

  it("the renewal fails with its store, whether that calls back, throws, rejects or never answers", async () => {
    const byCallback = (callback: Settled) => callback(new Error("Out of order."));
    const byThrowing = () => {
      throw new Error("Not connected.");
    };
    const byRejecting = () => Promise.reject(new Error("Not connected."));
    const bySilence = () => undefined;
    for (const regenerate of [byCallback, byThrowing, byRejecting, bySilence]) {
      const failing = renew({ session: { regenerate } } as unknown as IncomingMessage, true, 20);
      await expect(failing).rejects.toMatchObject({ code: "store_failed", status: 503 });
    }
  });
});

describe("copied sessions", () => {
  it("a copied session has a new id, and the data, cookie settings and sign-in of the original", async () => {
    const signIns = { "1100000000000000099": { grantId: "g" } };
    const req = requestWith({ basket: [2] });
    const session = await renewSession(
      req,
      { cart: [1], discord: signIns, cookie: FORMER_COOKIE } as SessionLike,
      DEADLINE_MS,
    );
    expect(session).toBe(req.session);
    expect(session).toEqual({
      cart: [1],
      discord: signIns,
      cookie: expect.objectContaining({ originalMaxAge: 5000, path: "/app", sameSite: "none" }),
    });
  });

  it("a copied session contains nothing of this visitor's former session", async () => {
    const req = { session: { basket: [2], discord: {} } } as unknown as IncomingMessage;
    expect(await renewSession(req, { cart: [1] } as SessionLike, DEADLINE_MS)).toEqual({ cart: [1] });
  });
});

describe("stored sessions", () => {
  function storeWith(get: SessionStore["get"]): SessionStore {
    return { get, set: () => undefined, destroy: () => undefined };
  }

  it("a stored session is read by its id", async () => {
    const store = storeWith((id, callback) => callback(null, { id, cart: [1] }));
    expect(await storedSession(store, ID, DEADLINE_MS)).toEqual({ id: ID, cart: [1] });
  });

  it.each([undefined, null, "text", 7])("a stored session is missing if the store has %j", async (value) => {
    const store = storeWith((_id, callback) => callback(null, value));
    expect(await storedSession(store, ID, DEADLINE_MS)).toBeUndefined();
  });

  it("a stored session cannot be read from a store that fails or never answers", async () => {
    for (const get of [(_id: string, callback: Settled) => callback(new Error("Down.")), () => undefined]) {
      await expect(storedSession(storeWith(get), ID, 20)).rejects.toMatchObject({ code: "store_failed" });
    }
  });
});

describe("saved sessions", () => {
  it.each<readonly [string, SessionLike["save"]]>([
    ["calls back", (callback) => void setImmediate(() => callback())],
    ["returns a promise", () => new Promise((resolve) => setImmediate(resolve))],
    [
      "does both",
      (callback) =>
        new Promise<void>((resolve) =>
          setImmediate(() => {
            callback();
            resolve();
          }),
        ),
    ],
  ])("the callback waits for a session whose save() %s", async (_how, save) => {
    let isSaved = false;
    setImmediate(() => {
      isSaved = true;
    });
    await saveSession({ save } as SessionLike, DEADLINE_MS);
    expect(isSaved).toBe(true);
  });

  it("saving a session fails with its store, whether that calls back or rejects", async () => {
    const error = new Error("Out of order.");
    for (const save of [(callback: Settled) => callback(error), () => Promise.reject(error)]) {
      await expect(saveSession({ save }, DEADLINE_MS)).rejects.toMatchObject({
        code: "store_failed",
        cause: error,
      });
    }
  });

  it("saving a session fails if its store never answers", async () => {
    await expect(saveSession({ save: () => undefined }, 20)).rejects.toMatchObject({
      code: "store_failed",
      status: 503,
    });
  });

  it("saving a session in a cookie needs no store", async () => {
    await expect(saveSession({}, DEADLINE_MS)).resolves.toBeUndefined();
  });
});
