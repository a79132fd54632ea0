import type { Application } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  type RouterOptions,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { signedInAs } from "../support/login.js";

const SPA = "https://www.example.com";
const FETCH = { Origin: SPA, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors" };

async function start(createApp: () => Application, origins?: readonly string[], router: RouterOptions = {}) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    callbackPath: "/auth/callback",
    discord: { origins },
    routes(to, discord) {
      to.use("/auth", discordRouter(router));
      to.get("/api/orders", requiresAuthorization, (_req, res) => void res.json([]));
      to.get("/own-login", (req, res, next) => {
        discord.createSession(req, res, { returnTo: String(req.query["to"]) }).catch(next);
      });
      to.use(redirectUnauthorized("/auth/login"));
    },
  });
  return { simulator, app, user: simulator.addUser(), browser: app.browser() };
}

/** Collects warnings about dropped addresses from now on. */
function collectDropped(): string[] {
  const messages: string[] = [];
  const collect = ({ code, message }: Error & { code?: string }) => {
    if (code === "EXPRESS_DISCORD_RETURN_TO_DROPPED") messages.push(message);
  };
  process.on("warning", collect);
  onTestFinished(() => void process.off("warning", collect));
  return messages;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(EXPRESS)("origins on %s", (_name, createApp) => {
  it.each(["/", "/deep?x=1&y=ä#there", "", "/a//b"])(
    "a login may return to a listed origin, at %j",
    async (path) => {
      const dropped = collectDropped();
      const { browser, user } = await start(createApp, ["https://other.example", SPA]);

      for (const login of ["/auth/login?returnTo=", "/own-login?to="]) {
        const back = await browser.signIn(login + encodeURIComponent(SPA + path), { user });
        if (login.startsWith("/auth")) expect(decodeURI(back.location ?? "")).toBe(SPA + path);
        else expect(back.location).toBe(SPA + encodeURI(path));
      }
      await turn();
      expect(dropped).toEqual([]);
    },
  );

  it.each([
    "https://www.example.com.evil.example/",
    "https://www.example.com@evil.example/",
    "https://www.example.com:8443/",
    "http://www.example.com/",
    "https://example.com/",
    "https://www.example.com\\.evil.example/",
    "https://www.example.com//evil.example/",
    "https://www.example.com/\\evil.example",
    "https://www.example.com/a b",
    "https://www.example.com?x",
    "//www.example.com/",
    "null",
    `${SPA}/${"x".repeat(1500)}`,
  ])(
    "a login does not return to an address that is not listed: $0 is dropped and reported",
    async (address) => {
      const dropped = collectDropped();
      const { browser, user } = await start(createApp, [SPA], { afterLogin: `${SPA}/home` });

      const back = await browser.signIn(`/auth/login?returnTo=${encodeURIComponent(address)}`, { user });

      expect([back.status, back.location]).toEqual([302, `${SPA}/home`]);
      await turn();
      expect(dropped).toHaveLength(1);
      expect(dropped[0]).toContain("will redirect to afterLogin");
      expect((await browser.get(`/own-login?to=${encodeURIComponent(address)}`)).json()).toMatchObject({
        code: "invalid_return_to",
      });
    },
  );

  it("a login does not return to another origin if none is listed", async () => {
    const dropped = collectDropped();
    const { browser, user } = await start(createApp);

    const back = await browser.signIn(`/auth/login?returnTo=${SPA}/`, { user });

    expect(back.location).toBe("/");
    await turn();
    expect(dropped).toEqual([expect.stringContaining(`"${SPA}/"`)]);
  });

  it("a dropped return address is reported again after a minute, whatever strangers asked for", async () => {
    const clock = movableClock();
    const dropped = collectDropped();
    const { browser } = await start(createApp);

    for (let times = 0; times < 3; times += 1)
      await browser.get("/auth/login?returnTo=https%3A%2F%2Fevil.example%0AForged");
    clock.advance(60_001);
    await browser.get(`/auth/login?returnTo=${SPA}/`);
    await turn();

    expect(dropped).toEqual([expect.stringContaining("\\n"), expect.stringContaining(SPA)]);
    expect(dropped.join()).not.toMatch(/\n/);
  });

  it("a 401 to another origin contains the full address of the login", async () => {
    const { app, browser } = await start(createApp, [SPA]);
    const loginFor = async (headers: Readonly<Record<string, string>>) =>
      (await browser.get("/api/orders", { headers })).json<{ login: string }>().login;

    expect(await loginFor(FETCH)).toBe(`${app.url}/auth/login`);
    expect(await loginFor({})).toBe("/auth/login");
    expect(await loginFor({ ...FETCH, Origin: "https://other.example" })).toBe("/auth/login");
    expect(await loginFor({ ...FETCH, Origin: "null" })).toBe("/auth/login");
  });

  it.each([
    ["a fetch", FETCH, 204, undefined],
    ["a form", { ...FETCH, "Sec-Fetch-Mode": "navigate" }, 303, `${SPA}/bye`],
    ["a form in an old browser", { Origin: SPA, Accept: "text/html" }, 303, `${SPA}/bye`],
    ["a fetch in an old browser", { Origin: SPA, Accept: "*/*" }, 204, undefined],
  ] as const)("a listed origin can log out by %s", async (_what, headers, status, location) => {
    const { browser, user } = await start(createApp, [SPA], { afterLogout: `${SPA}/bye` });
    await browser.signIn("/auth/login", { user });

    const answer = await browser.post("/auth/logout", { headers });

    expect([answer.status, answer.location]).toEqual([status, location]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it.each(["https://other.example", "null", `${SPA}.evil.example`, "https://www.example.com:8443"])(
    "a logout from an origin that is not listed is refused: %s",
    async (origin) => {
      const { browser, user } = await start(createApp, [SPA]);
      await browser.signIn("/auth/login", { user });

      const answer = await browser.post("/auth/logout", { headers: { ...FETCH, Origin: origin } });

      expect([answer.status, answer.json<{ code: string }>().code]).toEqual([403, "cross_site_request"]);
      expect(answer.json<{ message: string }>().message).toContain("option origins");
      expect(await signedInAs(browser)).toBe(user.id);
    },
  );

  it("the login link of a sibling domain works right after Cancel", async () => {
    const { browser, simulator, user } = await start(createApp, [SPA], { afterCancel: `${SPA}/` });
    const { location = "" } = await browser.get("/auth/login");
    await browser.get(await simulator.cancel(location, { user }), { crossSite: true });

    const headers = { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate" };
    expect((await browser.get("/auth/login", { headers })).status).toBe(302);
  });
});

it.each([
  "https://www.example.com",
  [["https://www.example.com/"]],
  [["https://www.example.com/app"]],
  [["www.example.com"]],
  [["null"]],
  [["*"]],
  [["HTTPS://www.example.com"]],
  [[5]],
])("the option origins: %j is a TypeError", async (origins) => {
  const simulator = await startSimulator();
  const [[, createApp] = []] = EXPRESS;
  expect(
    () =>
      new DiscordOAuth2Session(createApp?.() as Application, {
        ...simulator.options,
        redirectUri: "http://localhost:3000/callback",
        origins: origins as unknown as string[],
      }),
  ).toThrow('origins must be a list of origins such as ["https://app.example"]');
});
