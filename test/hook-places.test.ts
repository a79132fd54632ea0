import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { HttpException } from "../src/errors.js";
import type { Token } from "../src/grants/grant.js";
import { HookPlaces } from "../src/grants/hook-places.js";

function tokenNo(number: number, id = "A"): Token {
  return { id, accessToken: `access ${number}`, scopes: [], issuedAt: number, expiresAt: number };
}

const [FIRST, SECOND, THIRD] = [tokenNo(1), tokenNo(2), tokenNo(3)] as const;
const REQ = {} as IncomingMessage;

/** An app that keeps the one token it has, and may be out of order. */
function startApp(stored?: Token) {
  const app = {
    stored,
    saved: [] as (Token | undefined)[],
    failsToRead: false,
    failsToSave: false,
    async getAuthorizationToken() {
      if (app.failsToRead) throw new Error("The database is out of order.");
      return app.stored;
    },
    async saveAuthorizationToken(_req: IncomingMessage, token: Token | undefined) {
      if (app.failsToSave) throw new Error("The database is out of order.");
      app.stored = token;
      app.saved.push(token);
    },
  };
  return { app, places: new HookPlaces(app, 1000), place: new HookPlaces(app, 1000).of(REQ) };
}

describe("a grant that lies where the app puts it", () => {
  it("is read, replaced and ended by the app's methods", async () => {
    const { app, place } = startApp(FIRST);
    expect(await place.read()).toBe(FIRST);
    expect(await place.readAgain()).toBe(FIRST);
    expect(await place.replace(FIRST, SECOND)).toBe(SECOND);
    expect(await place.replace(FIRST, THIRD)).toBe(SECOND);
    await place.end();
    expect(await place.replace(SECOND, THIRD)).toBeUndefined();
    expect(app.saved).toEqual([SECOND, undefined]);
  });

  it("may be refreshed by others unseen", async () => {
    const { claim } = startApp(FIRST).place;
    expect(await claim?.othersUntil()).toBeUndefined();
    await claim?.take(1);
    await claim?.release();
  });

  it("begins with a login, and not again with the same one", async () => {
    const { app, places } = startApp();
    await places.begin(REQ, FIRST);
    app.stored = SECOND;
    await places.begin(REQ, FIRST);
    expect(app.stored).toBe(SECOND);
    await places.begin(REQ, tokenNo(4, "another"));
    expect(app.stored).toMatchObject({ id: "another" });
  });

  it("is used when the app does not take it, and saved at the next use", async () => {
    const { app, place } = startApp(FIRST);
    app.failsToSave = true;
    expect(await place.replace(FIRST, SECOND)).toBe(SECOND);
    expect(await place.read()).toBe(SECOND);
    expect(await place.replace(SECOND, THIRD)).toBe(THIRD);
    expect(app.stored).toBe(FIRST);

    app.failsToSave = false;
    expect(await place.read()).toBe(THIRD);
    expect(app.stored).toBe(THIRD);
    expect(await place.read()).toBe(THIRD);
    expect(app.saved).toEqual([THIRD]);
  });

  it("is kept when the app cannot even be read", async () => {
    const { app, place } = startApp(FIRST);
    app.failsToRead = true;
    expect(await place.replace(FIRST, SECOND)).toBe(SECOND);
    app.failsToRead = false;
    expect(await place.read()).toBe(SECOND);
    expect(app.stored).toBe(SECOND);
  });

  it("is given up when the app has another one meanwhile", async () => {
    const { app, place } = startApp(FIRST);
    app.failsToSave = true;
    await place.replace(FIRST, SECOND);
    app.failsToSave = false;
    app.stored = THIRD;
    expect(await place.read()).toBe(THIRD);
    app.stored = FIRST;
    expect(await place.read()).toBe(FIRST);
    expect(app.saved).toEqual([]);
  });

  it("fails with the app's methods, in this library's words or in its own", async () => {
    const { app, place } = startApp(FIRST);
    app.failsToRead = true;
    await expect(place.read()).rejects.toMatchObject({ code: "store_failed", status: 503 });
    app.failsToSave = true;
    await expect(place.end()).rejects.toMatchObject({ code: "store_failed", cause: expect.any(Error) });

    const own = new HttpException({ message: "Not today.", code: "forbidden", status: 403 });
    app.getAuthorizationToken = () => Promise.reject(own);
    await expect(place.read()).rejects.toBe(own);
  });
});
