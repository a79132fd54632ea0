import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { HttpException } from "../../../src/errors.js";
import { ownTokenStorage } from "../../../src/grants/own-token-storage.js";
import type { Token } from "../../../src/grants/token.js";
import { tokenNo } from "../../support/tokens.js";

const REQ = { url: "/" } as IncomingMessage;
const FIRST = tokenNo(1);

/** An app that stores a single token. */
function startApp(stored?: Token) {
  const app = {
    stored,
    async getAuthorizationToken(req: IncomingMessage) {
      expect(req).toBe(REQ);
      return app.stored;
    },
    async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined) {
      expect(req).toBe(REQ);
      app.stored = token;
    },
  };
  return app;
}

describe("tokens that the app stores", () => {
  it("the app's own methods read, write and delete the token, with the request", async () => {
    const app = startApp();
    const storage = ownTokenStorage(app, REQ, 1000);
    expect(await storage.read()).toBeUndefined();
    await storage.write(FIRST);
    expect(app.stored).toBe(FIRST);
    expect(await storage.read()).toEqual({ token: FIRST });
    await storage.delete();
    expect(app.stored).toBeUndefined();
  });

  it("a value that is null in the app's database is missing from the token", async () => {
    const stored = { ...FIRST, refreshToken: null, userId: null } as unknown as Token;
    const token = (await ownTokenStorage(startApp(stored), REQ, 1000).read())?.token;
    expect(token).toEqual({ ...FIRST, refreshToken: undefined, userId: undefined });
  });

  it("a token that the app stores may be changed by other processes, and has no record", () => {
    const storage = ownTokenStorage(startApp(), REQ, 1000);
    expect(storage).toMatchObject({ isShared: true });
    expect([storage.id, storage.record]).toEqual([undefined, undefined]);
  });

  it.each<readonly [string, () => Promise<never>]>([
    ["throw", () => Promise.reject(new Error("The database is out of order."))],
    ["never answer", () => new Promise(() => {})],
  ])("the store has failed if the app's own methods %s", async (_how, method) => {
    const app = { getAuthorizationToken: method, saveAuthorizationToken: method };
    const storage = ownTokenStorage(app, REQ, 20);
    for (const call of [() => storage.read(), () => storage.write(FIRST), () => storage.delete()])
      await expect(call()).rejects.toMatchObject({
        code: "store_failed",
        status: 503,
        cause: expect.any(Error),
      });
  });

  it("an HttpException of the app's own methods is passed on", async () => {
    const own = new HttpException({ message: "Not today.", code: "forbidden", status: 403 });
    const method = () => Promise.reject(own);
    const app = { getAuthorizationToken: method, saveAuthorizationToken: method };
    await expect(ownTokenStorage(app, REQ, 20).read()).rejects.toBe(own);
  });
});
