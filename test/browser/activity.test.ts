import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { activityPayload, DiscordOAuth2Session, discordRouter, requiresActivity } from "express-discord";
import session, { type CookieOptions } from "express-session";
import type { Frame, Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundle } from "../../examples/activity/bundle.js";
import { createApp as createExample } from "../../examples/activity.js";
import { startSimulator } from "../support/app.js";
import { startForTest } from "../support/examples.js";
import { useChromium, visitor } from "./chromium.js";

// Chromium's default for some users, and the default of other browsers.
useChromium({ flags: ["--test-third-party-cookie-phaseout"] });

const PARTITIONED = { secure: true, sameSite: "none", partitioned: true } as const;

/** An Activity whose page has the SDK as `sdk` and does nothing on its own. */
async function startActivity(cookie: CookieOptions = PARTITIONED) {
  const simulator = await startSimulator();
  const app = express();
  const server = createServer(app).listen(0);
  await once(server, "listening");
  const appUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  app.set("trust proxy", 1);
  app.use(
    session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false, cookie }),
  );
  const discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri: `${appUrl}/callback` });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await discord.close();
  });
  app.use("/api", discordRouter({ activityPath: "/token" }));
  app.get("/api/me", async (req, res) => {
    res.json({ userId: (await discord.userId(req)) ?? null, cookies: req.headers.cookie ?? "" });
  });
  app.get("/api/signed", requiresActivity({ publicKey: simulator.publicKey }), (req, res) => {
    res.json({ isSigned: activityPayload(req) !== undefined, origin: req.headers.origin });
  });
  app.get("/", (req, res) => {
    const clientId = req.query["client"] ?? simulator.options.clientId;
    res.send(
      `<!doctype html><html lang="en" data-client-id="${clientId}"><title>Test</title><script type="module" src="/client.js"></script>`,
    );
  });
  const client = bundle(new URL("./activity-client.js", import.meta.url));
  app.get("/client.js", async (_req, res) => void res.type("text/javascript").send(await client));

  const activity = await simulator.openActivity({ appUrl });
  return { simulator, activity };
}

/** Opens the client's page. Returns the frame of the Activity when the SDK is ready. */
async function openIn(page: Page, url: string): Promise<Frame> {
  await page.goto(url);
  await page.getByRole("status").filter({ hasText: "connected" }).waitFor();
  const frame = page.frames().find((one) => one.url().includes("frame_id="));
  if (!frame) throw new Error("There is no frame.");
  await frame.evaluate("sdk.ready()");
  return frame;
}

async function consent(page: Page, button: "Authorize" | "Cancel", name?: string): Promise<void> {
  const dialog = page.frameLocator("dialog iframe");
  if (name !== undefined) await dialog.getByRole("radio", { name }).check();
  await dialog.getByRole("button", { name: button }).click();
}

/** How an Activity's page signs in. `state` shows whether the SDK returns it; Discord's SDK does not. */
const SIGN_IN = `(async () => {
  const { dataset: { clientId } } = document.documentElement;
  const granted = await sdk.commands.authorize({ client_id: clientId, response_type: "code", scope: ["identify"], state: "s" });
  const answer = await fetch("/api/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code: granted.code }),
  });
  const { access_token } = await answer.json();
  const { user, scopes } = await sdk.commands.authenticate({ access_token });
  return { keys: Object.keys(granted), status: answer.status, id: user.id, scopes };
})()`;
const ME = `fetch("/api/me").then((answer) => answer.json())`;

/** Returns the error of a command of the SDK. */
function refusalOf(frame: Frame, command: string): Promise<{ code: number; message: string }> {
  return frame.evaluate(`sdk.commands.${command}.then(() => "no refusal", (error) => error)`);
}

describe("the example of an Activity", () => {
  it("the Activity signs in inside a frame of another site, shows a failed sign-out, and signs in again without asking", async () => {
    const { url, simulator, mira } = await startForTest(createExample, "/api/callback");
    const activity = await simulator.openActivity({ appUrl: url });
    const page = await visitor();
    await page.goto(activity.url);
    expect([new URL(page.url()).hostname, new URL(activity.frameUrl).hostname]).toEqual([
      "127.0.0.1",
      "localhost",
    ]);
    const frame = page.frameLocator("iframe.activity");
    await consent(page, "Authorize", "Mira mira.k");
    await frame.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    await page.getByText("Mira is signed in.").waitFor();
    expect([...activity.instance.users]).toEqual([mira]);

    await page.route("**/api/logout", (route) => route.fulfill({ status: 503 }), { times: 1 });
    await frame.getByRole("button", { name: "Sign out" }).click();
    await frame.getByRole("heading", { name: "You are still signed in" }).waitFor();
    await frame.getByRole("button", { name: "Sign out" }).click();
    await frame.getByRole("button", { name: "Sign in again" }).click();
    await frame.getByRole("heading", { name: "Hello, Mira" }).waitFor();
  });

  it.each<[string, (page: Page) => Promise<void>]>([
    ["presses Cancel", (page) => consent(page, "Cancel")],
    ["closes the dialog", (page) => page.frameLocator("dialog iframe").locator("body").press("Escape")],
  ])(
    "the Activity tells a visitor who %s that they are not signed in, and lets them try again",
    async (_what, refuse) => {
      const { url, simulator } = await startForTest(createExample, "/api/callback");
      const page = await visitor();
      await page.goto((await simulator.openActivity({ appUrl: url })).url);
      await refuse(page);
      const frame = page.frameLocator("iframe.activity");
      await frame.getByText("OAuth2 Error: access_denied").waitFor();
      await frame.getByRole("button", { name: "Try again" }).click();
      await consent(page, "Authorize");
      await frame.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    },
  );

  it("the Activity says that it belongs in Discord when it is opened elsewhere", async () => {
    const { url } = await startForTest(createExample, "/api/callback");
    const page = await visitor();
    await page.goto(url);
    await page.getByRole("heading", { name: "This is an Activity" }).waitFor();
  });
});

describe("an Activity in a browser that blocks third-party cookies", () => {
  it("a Partitioned cookie keeps the visitor of an Activity signed in where third-party cookies are blocked", async () => {
    const { simulator, activity } = await startActivity();
    const user = simulator.addUser({ username: "mira.k", global_name: "Mira" });
    const page = await visitor();
    const frame = await openIn(page, activity.url);
    const signIn = frame.evaluate(SIGN_IN);
    await consent(page, "Authorize");

    expect(await signIn).toEqual({ keys: ["code"], status: 200, id: user.id, scopes: ["identify"] });
    expect(await frame.evaluate(ME)).toMatchObject({ userId: user.id });
  });

  it.each<[string, CookieOptions]>([
    ["is not Partitioned", { secure: true, sameSite: "none" }],
    ["is SameSite=Lax", { sameSite: "lax" }],
  ])("browsers that block third-party cookies send an Activity no cookie that %s", async (_what, cookie) => {
    const { simulator, activity } = await startActivity(cookie);
    simulator.addUser();
    const page = await visitor();
    const frame = await openIn(page, activity.url);
    const signIn = frame.evaluate(SIGN_IN);
    await consent(page, "Authorize");

    expect(await signIn).toMatchObject({ status: 200 });
    expect(await frame.evaluate(ME)).toEqual({ userId: null, cookies: "" });
  });
});

describe("the page that stands in for Discord's client", () => {
  it("the client's page answers Discord's own SDK, and names the commands that it does not support", async () => {
    const { activity } = await startActivity();
    const frame = await openIn(await visitor(), activity.url);

    await frame.evaluate(`sdk.subscribe("VOICE_STATE_UPDATE", () => {}, { channel_id: sdk.channelId })`);
    await frame.evaluate(`sdk.commands.captureLog({ level: "warn", message: "Low on fuel" })`);
    await frame.evaluate(`console.log("Landed")`);
    await expect.poll(() => activity.logs.length).toBe(2);
    expect(activity.logs[0]).toEqual({ level: "warn", message: "Low on fuel" });
    expect(activity.logs[1]).toMatchObject({ level: "log", message: expect.stringContaining("Landed") });
    expect(await refusalOf(frame, "getChannel({ channel_id: sdk.channelId })")).toEqual({
      code: 4002,
      message: expect.stringContaining("does not know GET_CHANNEL. It knows AUTHORIZE, AUTHENTICATE"),
    });
    expect(await refusalOf(frame, `authenticate({ access_token: "made-up" })`)).toMatchObject({ code: 4009 });
    expect(await refusalOf(frame, `authorize({ client_id: "1", scope: [] })`)).toMatchObject({ code: 4007 });
  });

  it("the client's page tells the SDK which Activity it runs in", async () => {
    const { activity } = await startActivity();
    const frame = await openIn(await visitor(), activity.url);

    const { channelId, id } = activity.instance;
    expect(await frame.evaluate("[sdk.instanceId, sdk.channelId, sdk.guildId, sdk.platform]")).toEqual([
      id,
      channelId,
      null,
      "desktop",
    ]);
  });

  it("requests of the Activity are signed, as by Discord's proxy", async () => {
    const { activity } = await startActivity();
    const frame = await openIn(await visitor(), activity.url);

    expect(await frame.evaluate(`fetch("/api/signed").then((answer) => answer.json())`)).toEqual({
      isSigned: true,
    });
  });

  it("the client's page works in a window that another page has opened, which the SDK would take for the client", async () => {
    const { simulator, activity } = await startActivity();
    const page = await visitor();
    await page.goto(`${simulator.url}/`);
    const [opened] = await Promise.all([
      page.waitForEvent("popup"),
      page.evaluate((url) => void Reflect.get(globalThis, "open")(url), activity.url),
    ]);
    await opened.getByRole("status").filter({ hasText: "connected" }).waitFor();
  });

  it("the client's page reports a failed command, and still runs the next one", async () => {
    const { simulator, activity } = await startActivity();
    simulator.addUser();
    const page = await visitor();
    const frame = await openIn(page, activity.url);
    let isFirst = true;
    await page.route(/\/messages$/, (route) => {
      const fails = isFirst && route.request().postData()?.includes('"consented"');
      if (!fails) return route.continue();
      isFirst = false;
      return route.abort();
    });
    await frame.evaluate(`void (${SIGN_IN})`);
    await consent(page, "Authorize");
    await page.getByText("The simulator did not answer a command: ").waitFor();

    const signIn = frame.evaluate(SIGN_IN);
    await consent(page, "Authorize");
    expect(await signIn).toMatchObject({ status: 200 });
  });

  it("the client's page keeps the host name it was opened with, whatever the public URL", async () => {
    const { simulator, activity } = await startActivity();
    simulator.addUser();
    const page = await visitor();
    const frame = await openIn(page, activity.url.replace("127.0.0.1", "localhost"));
    const signIn = frame.evaluate(SIGN_IN);
    await consent(page, "Authorize");
    expect(await signIn).toMatchObject({ status: 200 });
  });

  it("the client's page says that the Activity has another client id", async () => {
    const { activity, simulator } = await startActivity();
    const page = await visitor();
    await page.route(
      (address) => address.searchParams.has("frame_id"),
      (route) => route.continue({ url: `${route.request().url()}&client=7` }),
    );
    await page.goto(activity.url);
    await page.getByText(`its client id is 7. The application's is ${simulator.options.clientId}.`).waitFor();
  });
});
