import session from "express-session";
import { describe, expect, it } from "vitest";
import { HttpException } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { lastError, loginCookies, openLogin, signedInAs } from "../support/login.js";
import { WatchedStore } from "../support/watched-store.js";

const LONG = "a".repeat(8 * 1024);

/** Ways to break a callback's query, and the resulting messages. */
const SPOILT: readonly (readonly [string, (query: string) => string, string])[] = [
  ["a repeated code", (query) => `${query}&code=another`, "repeats code"],
  ["a repeated state", (query) => `state=another&${query}`, "repeats state"],
  ["a repeated iss", (query) => `${query}&iss=https://evil.example`, "repeats iss"],
  ["a repeated error", (query) => `${query}&error=a&error=b`, "repeats error"],
  ["a code as a list", (query) => query.replace("code=", "code[]="), "neither a code nor an error"],
  ["a state as a list", (query) => query.replace("state=", "state[]="), "no state"],
  ["a code with an index", (query) => query.replace("code=", "code[0]="), "neither a code nor an error"],
  ["a code as an object", (query) => query.replace("code=", "code[a][b]="), "neither a code nor an error"],
  ["a state as an object", (query) => query.replace("state=", "state%5Bx%5D="), "no state"],
  ["no code", (query) => query.replace(/code=[^&]*/, ""), "neither a code nor an error"],
  ["an empty code", (query) => query.replace(/code=[^&]*/, "code="), "neither a code nor an error"],
  ["no state", (query) => query.replace(/state=[^&]*/, ""), "no state"],
  ["an empty state", (query) => query.replace(/state=[^&]*/, "state="), "no state"],
  ["no query", () => "", "no state"],
  [
    "a code of 3 kB",
    (query) => query.replace("code=", `code=${"a".repeat(3000)}`),
    "a code that is too long",
  ],
  ["a code of 8 kB", (query) => query.replace("code=", `code=${LONG}`), "too long"],
  ["a state of 8 kB", (query) => query.replace("state=", `state=${LONG}`), "too long"],
  ["an iss of 3 kB", (query) => `iss=${"a".repeat(3000)}&${query.replace(/iss=[^&]*/, "")}`, "too long"],
  ["another parameter of 8 kB", (query) => `${query}&more=${LONG}`, "too long"],
];

describe.each(LATEST_EXPRESS)("callbacks on %s", (_name, createApp) => {
  for (const parser of ["simple", "extended"]) {
    it.each(SPOILT)(`a callback is malformed with %s (query parser ${parser})`, async (_what, spoil, why) => {
      const simulator = await startSimulator();
      const store = new WatchedStore();
      const app = await startApp(createApp, simulator, { session: { store } });
      app.app.set("query parser", parser);
      const user = simulator.addUser();
      const browser = app.browser();
      const { callbackUrl } = await openLogin(browser, simulator, user);

      const answer = await browser.get(`/callback?${spoil(new URL(callbackUrl).search.slice(1))}`);

      expect(answer.status).toBe(400);
      expect(lastError(app)).toBeInstanceOf(HttpException);
      expect(lastError(app)).toMatchObject({
        code: "callback_malformed",
        message: expect.stringContaining(why),
      });
      expect(simulator.requestsTo("POST /oauth2/token")).toEqual([]);
      expect(store.written).toEqual([]);
      expect(loginCookies(browser)).toHaveLength(1);

      await browser.get(callbackUrl);
      expect(await signedInAs(browser)).toBe(user.id);
    });
  }

  it("a callback works without a query parser", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    app.app.disable("query parser");

    expect((await app.browser().signIn("/login", { user: simulator.addUser() })).status).toBe(200);
  });

  it("a callback works below a router that is mounted elsewhere", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/deep/down/callback",
      routes: (to, discord) =>
        to.use("/deep/down", (req, res, next) => {
          discord.callback(req, res).then((login) => res.json(login), next);
        }),
    });

    expect((await app.browser().signIn("/login", { user: simulator.addUser() })).status).toBe(200);
  });

  it.each([
    "discord-",
    "discord-%00=%E0%A4%A; discord-x=y; =; ;;",
    `discord-abcdefghijkl=${"A".repeat(3000)}`,
    'discord-abc="quoted"; __proto__=x; discord-__proto__abc=y',
  ])("a login works in spite of garbage in the Cookie header: $0", async (garbage) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();

    const login = await browser.get("/login", { headers: { Cookie: garbage } });
    const callbackUrl = await simulator.approve(login.location ?? "", { user });
    const lost = await browser.clone().get(callbackUrl, { headers: { Cookie: garbage } });
    const [name = ""] = loginCookies(browser);
    const found = await browser.get(callbackUrl, {
      headers: { Cookie: `${garbage}; ${name}=${browser.cookies.get(name)}` },
    });

    expect(lost.json()).toMatchObject({ code: "flow_unknown" });
    expect(found.json()).toMatchObject({ replayed: false, userId: user.id });
  });

  it("a callback without a session is session_missing, and no code is spent", async () => {
    const simulator = await startSimulator();
    const sessions = session({
      secret: "a secret of the session cookie",
      resave: false,
      saveUninitialized: false,
    });
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: (req, res, next) => (req.path === "/login" ? sessions(req, res, next) : next()),
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    const answer = await browser.get(callbackUrl);

    expect(answer.status).toBe(500);
    expect(answer.json()).toMatchObject({
      code: "session_missing",
      message: expect.stringContaining("app.use(session("),
    });
    expect(simulator.requestsTo("POST /oauth2/token")).toEqual([]);
    expect(loginCookies(browser)).toHaveLength(1);
  });
});
