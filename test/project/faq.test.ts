import type { ErrorRequestHandler } from "express";
import { expect, it } from "vitest";
import { runSample, type SampleOptions } from "../support/run-guide.js";

const sample = (heading: string, options?: SampleOptions) => runSample("docs/faq.md", heading, options);

it("the answer about two host names sends visitors of another host to the redirect URI's", async () => {
  const { url, simulator } = await sample("My site has two host names");
  const elsewhere = simulator.browser("http://www.example.com", { via: url });
  const { status, location } = await elsewhere.get("/servers?page=2");
  expect([status, location]).toEqual([308, `${url}/servers?page=2`]);
});

it("the answer about two host names lets a login end on the redirect URI's host", async () => {
  const { simulator, browser } = await sample("My site has two host names");
  const callback = await browser().signIn("/auth/login", { user: simulator.addUser() });
  expect([callback.status, callback.location]).toEqual([302, "/"]);
});

it("the answer about two host names signs a visitor in to only one of two sites", async () => {
  const { url, simulator } = await sample("Two sites in one process");
  for (const host of ["one.example", "two.example"])
    simulator.addRedirectUri(`https://${host}/auth/callback`);
  const one = simulator.browser("https://one.example", { via: url });
  const two = simulator.browser("https://two.example", { via: url });
  await one.signIn("/auth/login", { user: simulator.addUser() });
  expect((await one.get("/")).text).toBe("one.example: signed in");
  expect((await two.get("/")).text).toBe("two.example: signed out");
  await two.signIn("/auth/login", { user: simulator.addUser() });
  expect((await two.get("/")).text).toBe("two.example: signed in");
});

it("the answer about the Social SDK signs a player in with the code that the game posts", async () => {
  const { url, simulator } = await sample("Does it work with the Discord Social SDK\\?");
  const redirectUri = "http://127.0.0.1/callback";
  simulator.addRedirectUri(redirectUri);
  const player = simulator.addUser();
  const authorize = new URL(`${simulator.url}/oauth2/authorize`);
  authorize.search = new URLSearchParams({
    response_type: "code",
    client_id: simulator.options.clientId,
    redirect_uri: redirectUri,
    scope: "identify",
  }).toString();
  const code = new URL(await simulator.approve(authorize.href, { user: player })).searchParams.get("code");

  const signIn = await fetch(`${url}/game/sign-in`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, redirectUri }),
  });
  const { userId, accessToken } = (await signIn.json()) as { userId: string; accessToken: string };
  expect(userId).toBe(player.id);
  const me = await fetch(`${url}/game/me`, { headers: { Authorization: `Bearer ${accessToken}` } });
  expect(await me.json()).toMatchObject({ id: player.id });
});

const answerStatus: ErrorRequestHandler = (error, _req, res, _next) => void res.sendStatus(error.status);
const subscriptions = () =>
  sample("How do I know whether somebody has bought my subscription\\?", {
    environment: { PREMIUM_SKU_ID: "42" },
    routes: (app) => app.use(answerStatus),
  });

it.each([
  ["lets a subscriber pass", [{ id: "1", user_id: "80351110224678912", sku_id: "42" }], 200],
  ["refuses a visitor without the entitlement", [], 403],
  [
    "refuses a visitor when only others have the entitlement",
    [{ id: "1", user_id: "80351110224678913", sku_id: "42" }],
    403,
  ],
  [
    "refuses a visitor who has bought something else",
    [{ id: "1", user_id: "80351110224678912", sku_id: "43" }],
    403,
  ],
])("the answer about subscriptions %s", async (_what, entitlements, status) => {
  const { simulator, browser } = await subscriptions();
  simulator.answer("GET /applications/:id/entitlements", { body: entitlements });
  const user = simulator.addUser({ id: "80351110224678912" });
  const visitor = browser();
  await visitor.signIn("/auth/login", { user });

  expect((await visitor.get("/premium")).status).toBe(status);
  const [asked] = simulator.requestsTo("GET /applications/:id/entitlements");
  expect(asked?.query).toEqual({
    user_id: user.id,
    sku_ids: "42",
    exclude_ended: "true",
  });
});

it("the answer about subscriptions refuses a visitor who removes identify from Discord's address", async () => {
  const { simulator, browser } = await subscriptions();
  simulator.answer("GET /applications/:id/entitlements", {
    body: [{ id: "1", user_id: "80351110224678913", sku_id: "42" }],
  });
  const visitor = browser();
  const authorize = new URL((await visitor.get("/auth/login")).location ?? "");
  authorize.searchParams.set("scope", "guilds");
  await visitor.get(await simulator.approve(authorize.href, { user: simulator.addUser() }));

  expect((await visitor.get("/premium")).status).toBe(403);
});
