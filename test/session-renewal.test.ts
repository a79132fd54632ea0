import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { SessionLike } from "../src/grants/session-data.js";
import { renewSession, saveSession } from "../src/login/session-renewal.js";

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

/** A request whose session gets a new id as express-session's does: an empty session with the usual cookie. */
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

describe("a session that gets a new id", () => {
  it("keeps the app's data and its cookie's settings, and not the sign-in", async () => {
    const req = requestWith({ cart: [1], discord: { grantId: "g" }, cookie: FORMER_COOKIE });
    const session = await renewSession(req, true);
    expect(session).toBe(req.session);
    expect(session).toEqual({
      cart: [1],
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

  it("takes the settings as the cookie tells them, where it can", async () => {
    const cookie = {
      originalMaxAge: null,
      toJSON: () => ({ path: "/told", httpOnly: false, domain: "a.example" }),
    };
    const session = await renewSession(requestWith({ cookie }), true);
    expect(session.cookie).toEqual({
      originalMaxAge: null,
      maxAge: null,
      path: "/told",
      httpOnly: false,
      domain: "a.example",
    });
  });

  it("of another user keeps nothing but its cookie", async () => {
    const regenerated = { cookie: { originalMaxAge: 7 }, left: "over" };
    const req = requestWith({ cart: [1], discord: { grantId: "g" }, cookie: FORMER_COOKIE }, regenerated);
    expect(await renewSession(req, false)).toEqual({ cookie: { originalMaxAge: 7 } });
  });

  it.each([
    ["no cookie at all", {}],
    [
      "other cookies",
      { headers: { cookie: "theme=dark; connect.sid=s%3Aanother-id-of-a-session.signature" } },
    ],
    ["other parsed cookies", { cookies: { theme: "dark" }, signedCookies: { id: "another" } }],
  ])("is kept where it began with this request, which brought %s", async (_what, brought) => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} }, brought);
    const { session } = req;
    expect(await renewSession(req, true)).toBe(session);
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
    ["beside a cookie that is no text", { cookies: { odd: { toString: 1 }, sid: `s:${ID}.signature` } }],
    ["as a parser of cookies has checked it", { signedCookies: { sid: ID } }],
  ])("gets a new id where the browser has sent the old one %s", async (_how, brought) => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} }, brought);
    const { session } = req;
    expect(await renewSession(req, true)).not.toBe(session);
    expect(req.session).toMatchObject({ cart: [1] });
  });

  it.each([
    ["an id that a cookie may spell in several ways", { sessionID: "id of the visitor: Jos\u00e9" }],
    ["an id that may stand in a cookie by chance", { sessionID: "dark" }],
    ["an id that is none", { sessionID: undefined }],
  ])("gets a new one for %s", async (_what, brought) => {
    const req = Object.assign(requestWith({ id: brought.sessionID }), { headers: {} }, brought);
    const { session } = req;
    expect(await renewSession(req, true)).not.toBe(session);
  });

  it("gets a new one where it is not the one that the request's id names", async () => {
    const req = Object.assign(requestWith({ id: "another-session-put-in-its-place" }), {
      sessionID: ID,
      headers: {},
    });
    const { session } = req;
    expect(await renewSession(req, true)).not.toBe(session);
  });

  it("gets a new one where its data must not be kept", async () => {
    const req = Object.assign(requestWith({ id: ID, cart: [1] }), { sessionID: ID, headers: {} });
    expect(await renewSession(req, false)).not.toHaveProperty("cart");
  });

  it("without an id, as in a cookie, keeps its data or loses them", async () => {
    const kept = { session: { cart: [1], discord: { grantId: "g" } } } as unknown as IncomingMessage;
    expect(await renewSession(kept, true)).toHaveProperty("cart", [1]);
    const cleared = { session: { cart: [1], discord: { grantId: "g" } } } as unknown as IncomingMessage;
    expect(await renewSession(cleared, false)).toEqual({});
  });

  it("fails when its store does, whether by callback or by throwing", async () => {
    const byCallback = (callback: Settled) => callback(new Error("Out of order."));
    const byThrowing = () => {
      throw new Error("Not connected.");
    };
    for (const regenerate of [byCallback, byThrowing]) {
      const failing = renewSession({ session: { regenerate } } as unknown as IncomingMessage, true);
      await expect(failing).rejects.toMatchObject({ code: "store_failed", status: 503 });
    }
  });
});

describe("a session that is saved", () => {
  it("waits for its store, and fails with it", async () => {
    let isSaved = false;
    await saveSession({
      save(callback) {
        setImmediate(() => {
          isSaved = true;
          callback();
        });
      },
    });
    expect(isSaved).toBe(true);
    const failing = saveSession({ save: (callback) => callback(new Error("Out of order.")) });
    await expect(failing).rejects.toMatchObject({
      code: "store_failed",
      cause: { message: "Out of order." },
    });
  });

  it("in a cookie needs no store", async () => {
    await expect(saveSession({})).resolves.toBeUndefined();
  });
});
