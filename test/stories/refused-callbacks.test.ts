import { describe, expect, it } from "vitest";
import { AccessDenied, HttpException } from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import {
  beginLogin,
  exchangesAt,
  lastError,
  loginCookies,
  openLogin,
  signedInAs,
  withQuery,
} from "../support/login.js";
import { failureOf } from "../support/signed-in.js";
import { WatchedStore } from "../support/watched-store.js";

const OLD_SECRET = "the secret of last year, long enough";
const NEW_SECRET = "the secret of this year, long enough";

describe.each(EXPRESS)("refused callbacks on %s", (_name, createApp) => {
  it("a callback after Cancel is AccessDenied, and the next login works", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });
    const user = simulator.addUser();
    const browser = app.browser();

    const cancelled = await simulator.cancel(await beginLogin(browser), { user });
    const answer = await browser.get(cancelled);

    expect(answer.status).toBe(403);
    expect(lastError(app)).toBeInstanceOf(AccessDenied);
    expect(lastError(app)).toMatchObject({ code: "access_denied", status: 403, error: "access_denied" });
    expect(loginCookies(browser)).toEqual([]);
    expect(store.written).toEqual([]);

    const next = await browser.signIn("/login", { user });
    expect(next.json()).toMatchObject({ replayed: false, userId: user.id });
  });

  it("a signed-in visitor who cancels a second login stays signed in", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });

    const cancelled = await simulator.cancel(await beginLogin(browser), { user });
    await browser.get(cancelled);

    expect(lastError(app)).toMatchObject({ code: "access_denied" });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("the error of a callback carries any other error of Discord's, and its description", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);

    const answer = await browser.get(
      withQuery(callbackUrl, {
        code: undefined,
        error: "invalid_scope",
        error_description: "It is unknown.",
      }),
    );

    expect(answer.status).toBe(400);
    expect(lastError(app)).toBeInstanceOf(HttpException);
    expect(lastError(app)).not.toBeInstanceOf(AccessDenied);
    expect(lastError(app)).toMatchObject({
      code: "authorization_failed",
      error: "invalid_scope",
      description: "It is unknown.",
      message: expect.stringContaining("It is unknown."),
    });
    expect(loginCookies(browser)).toEqual([]);
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it("the error of a callback says that Discord does not know a scope", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { scopes: ["identify", "made.up"] } });

    await app.browser().signIn("/login", { user: simulator.addUser() });

    expect(lastError(app)).toMatchObject({ code: "authorization_failed", error: "invalid_scope" });
  });

  it.each([
    ["of no login", "a-state-that-nobody-has-made-up"],
    ["that is empty of meaning", "%00"],
  ])(
    "a callback with a state %s is flow_unknown, and the login in progress still works",
    async (_what, state) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator);
      const user = simulator.addUser();
      const browser = app.browser();
      const { callbackUrl } = await openLogin(browser, simulator, user);

      const answer = await browser.get(withQuery(callbackUrl, { state }));

      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ name: "HttpException", code: "flow_unknown" });
      expect(exchangesAt(simulator)).toBe(0);
      expect((await browser.get(callbackUrl)).json()).toMatchObject({ userId: user.id });
    },
  );

  it("a callback with a stranger's error is flow_unknown", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);

    const answer = await app.browser().get("/callback?error=access_denied&state=unknown");

    expect(answer.json()).toMatchObject({ name: "HttpException", code: "flow_unknown" });
  });

  it("a stranger's callback link spends no code of a visitor who is not signed in", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });
    const { callbackUrl } = await openLogin(app.browser(), simulator, simulator.addUser());

    const visitor = app.browser();
    const answer = await visitor.get(callbackUrl, { crossSite: true });

    expect(answer.json()).toMatchObject({ code: "flow_unknown" });
    expect(simulator.requestsTo("POST /oauth2/token")).toEqual([]);
    expect(store.written).toEqual([]);
    expect(visitor.cookies.list()).toEqual([]);
  });

  it("a stranger's callback link spends no code of a signed-in visitor, whose session stays unchanged", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });
    const user = simulator.addUser();
    const visitor = app.browser();
    await visitor.signIn("/login", { user });
    const { callbackUrl } = await openLogin(app.browser(), simulator, simulator.addUser());
    const before = { cookies: visitor.cookies.list(), written: [...store.written] };
    simulator.clearRequests();

    const answer = await visitor.get(callbackUrl, { crossSite: true });

    expect(answer.json()).toMatchObject({ code: "flow_unknown" });
    expect(simulator.requests).toEqual([]);
    expect({ cookies: visitor.cookies.list(), written: store.written }).toEqual(before);
    expect(await signedInAs(visitor)).toBe(user.id);
  });

  it("a callback refuses a code that was issued to another login", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const victim = simulator.addUser();
    const { code } = await openLogin(app.browser(), simulator, victim);
    const thief = app.browser();
    const { callbackUrl } = await openLogin(thief, simulator, simulator.addUser());

    const answer = await thief.get(withQuery(callbackUrl, { code }));

    expect(answer.status).toBe(400);
    expect(lastError(app)).toMatchObject({ code: "code_rejected", error: "invalid_grant" });
    expect(await signedInAs(thief)).toBeUndefined();
  });

  it("a callback refuses a code a second time in another browser's login", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl, code } = await openLogin(browser, simulator, user);
    await browser.get(callbackUrl);
    const other = app.browser();
    const login = await openLogin(other, simulator, simulator.addUser());

    const answer = await other.get(withQuery(login.callbackUrl, { code }));

    expect(answer.json()).toMatchObject({ code: "code_rejected" });
    expect(await signedInAs(other)).toBeUndefined();
    expect(await signedInAs(browser)).toBe(user.id);
    expect((await other.signIn("/login", { user })).status).toBe(200);
  });

  it("at most five made-up codes of one login cookie reach Discord, even in parallel", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, code) =>
        browser.clone().get(withQuery(callbackUrl, { code: `made-up-${code}` })),
      ),
    );

    expect(new Set(answers.map(failureOf))).toEqual(new Set(["400 code_rejected"]));
    expect(exchangesAt(simulator)).toBe(5);
  });

  it("a callback with an expired code is code_rejected, and the next login works", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    simulator.clock.advance(101_000);

    const answer = await browser.get(callbackUrl);

    expect(answer.json()).toMatchObject({ code: "code_rejected" });
    expect(loginCookies(browser)).toEqual([]);
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it("a callback is flow_expired after ten minutes", async () => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);

    clock.advance(600_000);
    const answer = await browser.get(callbackUrl);

    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "flow_expired" });
    expect(exchangesAt(simulator)).toBe(0);
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it("a callback is still accepted just before ten minutes are over", async () => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    clock.advance(595_000);

    expect((await browser.get(callbackUrl)).status).toBe(200);
  });

  it.each([
    ["changed", (value: string) => `${value.slice(0, -8)}AAAAAAAA`],
    ["cut short", (value: string) => value.slice(0, 20)],
    ["emptied", () => ""],
    ["garbage", () => "%E0%A4%A"],
  ])("a callback is flow_invalid if the login cookie is %s", async (_how, change) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const [name = ""] = loginCookies(browser);
    browser.cookies.set(name, change(browser.cookies.get(name) ?? ""));

    const answer = await browser.get(callbackUrl);

    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "flow_invalid" });
    expect(exchangesAt(simulator)).toBe(0);
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it("a callback is flow_invalid with the cookie of another login under this one's name", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    await openLogin(browser, simulator, simulator.addUser());
    const [otherName = ""] = loginCookies(browser);
    const other = browser.cookies.get(otherName) ?? "";
    browser.cookies.clear();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    browser.cookies.set(loginCookies(browser)[0] ?? "", other);

    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "flow_invalid" });
  });

  it("a login cookie sealed with an older secret works, and one sealed with a removed secret is flow_invalid", async () => {
    const simulator = await startSimulator();
    const user = simulator.addUser();
    const before = await startApp(createApp, simulator, { discord: { secret: OLD_SECRET } });
    const redirectUri = `${before.url}/callback`;
    const rotated = await startApp(createApp, simulator, {
      discord: { secret: [NEW_SECRET, OLD_SECRET], redirectUri },
    });
    const forgotten = await startApp(createApp, simulator, { discord: { secret: NEW_SECRET, redirectUri } });
    const browser = before.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const callback = new URL(callbackUrl);

    const refused = await browser.clone().get(`${forgotten.url}/callback${callback.search}`);
    const taken = await browser.clone().get(`${rotated.url}/callback${callback.search}`);

    expect(refused.json()).toMatchObject({ code: "flow_invalid" });
    expect(taken.json()).toMatchObject({ replayed: false, userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a login cookie that another application sealed with the same secret is refused", async () => {
    const simulator = await startSimulator();
    const secret = NEW_SECRET;
    const one = await startApp(createApp, simulator, { discord: { secret } });
    const other = await startApp(createApp, simulator, {
      discord: { secret, clientId: "1100000000000000001" },
    });
    const browser = one.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    const answer = await browser.get(`${other.url}/callback${new URL(callbackUrl).search}`);

    expect(answer.json()).toMatchObject({ code: "flow_unknown" });
  });
});

describe.each(EXPRESS)("the issuer of a callback on %s", (_name, createApp) => {
  it("a callback may omit the issuer", async () => {
    const simulator = await startSimulator({ behaviour: { issOnSuccess: false } });
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    expect(new URL(callbackUrl).searchParams.has("iss")).toBe(false);
    expect((await browser.get(callbackUrl)).status).toBe(200);
  });

  it("the issuer of a callback may be Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    expect(new URL(callbackUrl).searchParams.get("iss")).toBe(simulator.url);
    expect((await browser.get(callbackUrl)).status).toBe(200);
  });

  it("the issuer of a callback may be the option issuer", async () => {
    const issuer = "https://issuer.example";
    const simulator = await startSimulator({ behaviour: { issuer } });
    const app = await startApp(createApp, simulator, { discord: { issuer } });

    expect((await app.browser().signIn("/login", { user: simulator.addUser() })).status).toBe(200);
  });

  it.each(["https://evil.example", ""])("a callback with another issuer is refused: %j", async (iss) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);

    const answer = await browser.get(withQuery(callbackUrl, { iss }));

    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "issuer_mismatch" });
    expect(exchangesAt(simulator)).toBe(0);
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ userId: user.id });
  });

  it("the issuer of a callback is checked before the error", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const cancelled = await simulator.cancel(await beginLogin(browser), { user });

    const foreign = await browser.get(withQuery(cancelled, { iss: "https://evil.example" }));
    const own = await browser.get(cancelled);

    expect(foreign.json()).toMatchObject({ code: "issuer_mismatch" });
    expect(own.json()).toMatchObject({ code: "access_denied" });
  });
});
