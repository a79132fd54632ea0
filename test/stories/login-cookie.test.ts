import { describe, expect, it } from "vitest";
import { discordRouter } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { beginLogin, lastError, loginCookies, openLogin } from "../support/login.js";

const SITE = "https://app.example.com";

function loginCookieIn(headers: Headers): string {
  const [cookie = ""] = headers.getSetCookie().filter((header) => !header.includes("Max-Age=0"));
  return cookie;
}

function sizeOf(value: string | undefined): number {
  return value?.length ?? 0;
}

describe.each(LATEST_EXPRESS)("login cookies on %s", (_name, createApp) => {
  it("the login cookie on http has only the attributes it needs", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);

    const { headers } = await app.browser().get("/login");

    const [pair, ...attributes] = loginCookieIn(headers).split("; ");
    expect(headers.getSetCookie()).toHaveLength(1);
    expect(pair).toMatch(/^discord-1100000000000000099-[\w-]{12}=[\w-]+$/);
    expect(attributes.toSorted()).toEqual(["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
  });

  it("the login cookie is bound to the host and to https if the redirect URI is https", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { redirectUri: `${SITE}/callback` },
      session: { proxy: true, cookie: { secure: true } },
    });
    const user = simulator.addUser();
    const browser = simulator.browser(SITE, { via: app.url });

    const { headers } = await browser.get("/login");
    const answer = await browser.signIn("/login", { user });

    const [pair, ...attributes] = loginCookieIn(headers).split("; ");
    expect(pair).toMatch(/^__Host-discord-1100000000000000099-[\w-]{12}=[\w-]+$/);
    expect(attributes.toSorted()).toEqual(["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
    expect(answer.json()).toMatchObject({ replayed: false, userId: user.id });
    expect(answer.headers.getSetCookie().filter((header) => header.includes("logins"))).toEqual([]);
  });

  it.each([
    ["the cookie name of http", ""],
    ["a cookie name that only ends alike", "__Evil-"],
  ])("a login on https ignores %s, which a sibling subdomain could plant", async (_what, prefix) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { redirectUri: `${SITE}/callback` } });
    const browser = simulator.browser(SITE, { via: app.url });
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const [name = ""] = loginCookies(browser);
    const value = browser.cookies.get(name) ?? "";
    browser.cookies.clear(name);
    await beginLogin(browser);
    browser.cookies.set(name.replace("__Host-", prefix), value, { domain: "example.com", hostOnly: false });

    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "flow_unknown" });
  });

  it("the login cookie is named after the state without revealing it", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();

    const { state } = await openLogin(browser, simulator, simulator.addUser());

    const [name = ""] = loginCookies(browser);
    expect(state).toMatch(/^[\w-]{32}$/);
    expect(name).not.toContain(state.slice(0, 12));
    expect(browser.cookies.get(name)).not.toContain(state);
  });

  it("the login cookie is gone after the callback", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const [name = ""] = loginCookies(browser);

    const { headers } = await browser.get(callbackUrl);

    expect(headers.getSetCookie()).toContain(`${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`);
  });

  it("the login cookie holds 3,000 bytes of data, and the error names the size of larger data", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      login: (req) => ({ data: "x".repeat(Number(req.query["size"])) }),
    });
    const user = simulator.addUser();

    const large = await app.browser().signIn("/login?size=1900", { user });
    const browser = app.browser();
    const tooLarge = await browser.get("/login?size=2200");

    expect(large.json<{ data: string }>().data).toHaveLength(1900);
    expect(tooLarge.status).toBe(400);
    expect(lastError(app)).toBeInstanceOf(TypeError);
    expect(lastError(app)).toMatchObject({
      message: expect.stringMatching(/would take 3\d{3} bytes, and the limit is 3000/),
    });
    expect(browser.cookies.list()).toEqual([]);
  });

  it("the size of a login's data is counted in bytes, not in characters", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { data: "\u{1f600}".repeat(600) } });

    await app.browser().get("/login");

    expect(lastError(app)).toMatchObject({
      name: "TypeError",
      message: expect.stringContaining("too large"),
      code: "data_too_large",
      status: 400,
    });
  });

  it("login cookies take at most 6,000 bytes together: the oldest logins give way", async () => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator, { login: { data: "x".repeat(1200) } });
    const user = simulator.addUser();
    const browser = app.browser();

    const logins = [];
    for (let count = 0; count < 5; count += 1) {
      logins.push(await openLogin(browser, simulator, user));
      clock.advance(1000);
      const bytes = loginCookies(browser).map((name) => name.length + sizeOf(browser.cookies.get(name)));
      expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(6000);
    }
    expect(loginCookies(browser)).toHaveLength(3);

    const answers = [];
    for (const { callbackUrl } of logins) answers.push(await browser.get(callbackUrl));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 200, 200, 200]);
  });

  it.each([
    ["long places to return to", 1400, { "Sec-Fetch-Site": "cross-site" }],
    ["long places, in a browser that does not say who opened them", 1400, {}],
    ["many short ones", 1, { "Sec-Fetch-Site": "cross-site" }],
    ["many, from a sibling domain", 300, { "Sec-Fetch-Site": "same-site" }],
  ])("no other site can end a login by opening its address with %s", async (_what, length, headers) => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/auth/callback",
      routes: (to) => to.use("/auth", discordRouter()),
    });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login?returnTo=/where-i-was");

    for (let times = 0; times < (length > 1000 ? 6 : 25); times += 1) {
      clock.advance(1000);
      const place = `/${"x".repeat(length)}`;
      expect((await browser.get(`/auth/login?returnTo=${place}`, { headers })).status).toBe(302);
    }

    const bytes = loginCookies(browser).map((name) => name.length + sizeOf(browser.cookies.get(name)));
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(6000);
    expect((await browser.get(callbackUrl)).location).toBe("/where-i-was");
  });

  it("the login leaves cookies alone that this application cannot have set", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { data: "x".repeat(1200) } });
    const user = simulator.addUser();
    const browser = app.browser();
    const foreign = ["discord-1100000000000000099-unreadable12", "discord-sessionid12", "discord-theme"];
    for (const name of foreign) browser.cookies.set(name, "A".repeat(1500));

    const logins = [await openLogin(browser, simulator, user), await openLogin(browser, simulator, user)];
    for (const name of foreign) expect(browser.cookies.get(name)).toHaveLength(1500);
    for (const { callbackUrl } of logins) expect((await browser.get(callbackUrl)).status).toBe(200);
  });

  it("an expired login gives way to a new one", async () => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    await beginLogin(browser);
    const [old = ""] = loginCookies(browser);
    clock.advance(600_000);

    await beginLogin(browser);

    expect(loginCookies(browser)).toHaveLength(1);
    expect(loginCookies(browser)).not.toContain(old);
  });
});
