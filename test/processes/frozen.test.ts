import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator } from "../support/app.js";
import { openLogin } from "../support/login.js";
import { WEEK_MS } from "../support/signed-in.js";
import { Worker } from "./worker-process.js";

const TOKEN_ROUTE = "POST /oauth2/token";
const REDIRECT_URI = "http://127.0.0.1:3000/callback";
const TIMEOUT_MS = 1000;

/** A process that is frozen while Discord responds. Its deadlines have passed before it can read the response. */
describe("frozen processes", { timeout: 40_000 }, () => {
  const worker = new Worker();
  beforeAll(() => worker.ready, 60_000);
  afterAll(() => worker.kill());

  async function startUp() {
    const simulator = await startSimulator({ redirectUris: [REDIRECT_URI] });
    const discord = { ...simulator.options, redirectUri: REDIRECT_URI, timeoutMs: TIMEOUT_MS };
    const { url = "" } = await worker.tell({ name: "serve", discord, prefix: "", lock: "none" });
    const user = simulator.addUser();
    const browser = simulator.browser(url);
    const { callbackUrl } = await openLogin(browser, simulator, user);
    return { simulator, user, browser, callback: `/callback${new URL(callbackUrl).search}` };
  }

  async function startSignedIn() {
    const { simulator, user, browser, callback } = await startUp();
    expect((await browser.get(callback)).status).toBe(200);
    simulator.clearRequests();
    return { simulator, user, browser };
  }

  it("a frozen process keeps the tokens that Discord sent in the meantime, and sends no refresh token twice", async () => {
    const { simulator, browser } = await startSignedIn();
    simulator.clock.advance(WEEK_MS);
    await worker.tell({ name: "advance", ms: WEEK_MS });
    simulator.fail({ kind: "delay", ms: 1800, route: TOKEN_ROUTE });

    expect((await browser.get("/guarded")).json()).toMatchObject({ code: "discord_timeout" });
    expect(simulator.requestsTo(TOKEN_ROUTE)).toHaveLength(1);
    await worker.freeze(9000);

    expect((await browser.get("/guarded")).json()).toEqual({ passed: true });
    expect(simulator.requestsTo(TOKEN_ROUTE)).toHaveLength(1);
  });

  it("a frozen process completes the login whose code it had sent", async () => {
    const { simulator, user, browser, callback } = await startUp();
    simulator.fail({ kind: "delay", ms: 300, route: TOKEN_ROUTE });

    const completing = browser.get(callback);
    await expect.poll(() => simulator.requestsTo(TOKEN_ROUTE).length).toBe(1);
    await worker.freeze(3000);

    expect((await completing).json()).toMatchObject({ replayed: false, userId: user.id });
    expect(simulator.requestsTo(TOKEN_ROUTE)).toHaveLength(1);
  });

  it("a frozen process answers with what the API sent in the meantime", async () => {
    const { simulator, user, browser } = await startSignedIn();
    simulator.fail({ kind: "delay", ms: 300, route: "/users/@me" });

    const fetching = browser.get("/user");
    await expect.poll(() => simulator.requestsTo("/users/@me").length).toBe(1);
    await worker.freeze(3000);

    expect((await fetching).json()).toMatchObject({ id: user.id });
    expect(simulator.requestsTo("/users/@me")).toHaveLength(1);
  });
});
