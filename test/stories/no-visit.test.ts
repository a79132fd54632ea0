import { describe, expect, it } from "vitest";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { exchangesAt, lastError, loginCookies, openLogin, signedInAs } from "../support/login.js";
import { WatchedStore } from "../support/watched-store.js";

const NO_VISITS = [
  ["HEAD", { method: "HEAD" }],
  ["a prefetch", { headers: { "Sec-Purpose": "prefetch" } }],
  ["a prerender", { headers: { "Sec-Purpose": "prefetch;prerender" } }],
  ["an older browser's prefetch", { headers: { Purpose: "prefetch" } }],
] as const;

describe.each(EXPRESS)("HEAD requests and prefetches on %s", (_name, createApp) => {
  it.each(NO_VISITS)("a HEAD request or prefetch begins no login: %s", async (_what, init) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();

    const answer = await browser.request("/login", init);

    expect(answer.status).toBe(204);
    expect(answer.location).toBeUndefined();
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(browser.cookies.list()).toEqual([]);
  });

  it.each(NO_VISITS)(
    "a HEAD request or prefetch completes no login, and the real visit still does: %s",
    async (_what, init) => {
      const simulator = await startSimulator();
      const store = new WatchedStore();
      const app = await startApp(createApp, simulator, { session: { store } });
      const user = simulator.addUser();
      const browser = app.browser();
      const { callbackUrl } = await openLogin(browser, simulator, user);

      const answer = await browser.request(callbackUrl, init);

      expect(answer.status).toBe(204);
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(exchangesAt(simulator)).toBe(0);
      expect(store.written).toEqual([]);
      expect(app.errors).toEqual([]);
      expect((await browser.get(callbackUrl)).json()).toMatchObject({ replayed: false, userId: user.id });
    },
  );

  it("a HEAD request of the callback does not run the code after callback()", async () => {
    const simulator = await startSimulator();
    const ran: string[] = [];
    const app = await startApp(createApp, simulator, {
      callbackPath: "/finish",
      routes: (to, discord) =>
        to.get("/finish", (req, res, next) => {
          discord.callback(req, res).then(() => {
            ran.push(req.method);
            res.end();
          }, next);
        }),
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    await browser.request(callbackUrl, { method: "HEAD" });
    await browser.get(callbackUrl);

    expect(ran).toEqual(["GET"]);
  });

  it.each(["POST", "PUT", "DELETE"])(
    "a %s request to the callback is refused and harms nothing",
    async (method) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator);
      const user = simulator.addUser();
      const browser = app.browser();
      const { callbackUrl } = await openLogin(browser, simulator, user);

      const answer = await browser.request(callbackUrl, { method });

      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD");
      expect(lastError(app)).toMatchObject({ name: "HttpException", code: "method_not_allowed" });
      expect(exchangesAt(simulator)).toBe(0);
      expect(loginCookies(browser)).toHaveLength(1);
      await browser.get(callbackUrl);
      expect(await signedInAs(browser)).toBe(user.id);
    },
  );
});
