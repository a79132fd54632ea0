import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DiscordOptions } from "../../src/index.js";
import type { Browser, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { startSimulator } from "../support/app.js";
import { beginLogin } from "../support/login.js";
import { startProxy } from "../support/proxy.js";
import { startTlsFront, type TlsFront } from "../support/tls-front.js";
import type { Serving } from "./https-app.js";

const REDIRECT_URI = "http://127.0.0.1:3000/callback";

/** Which further certificates the process trusts. Without it, the process trusts none of the test's. */
type Trusted = TlsFront["certificatePath"] | undefined;

describe("HTTPS", { timeout: 60_000 }, () => {
  it("Discord over https gets one connection for tokens and one for the API", async () => {
    const { simulator, front, browser, user } = await start();
    for (const _ of [1, 2, 3]) expect(await signIn(browser, simulator, user)).toBe(200);
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
    expect((await browser.post("/logout")).status).toBe(200);
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
    expect(front.connectionCount).toBe(2);
  });

  it("calls to Discord over https go through a proxy's tunnels, and the proxy cannot read them", async () => {
    const proxy = await startProxy("operator:password");
    const { simulator, front, browser, user } = await start({ proxy: proxy.url });
    expect(await signIn(browser, simulator, user)).toBe(200);
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });

    const { host } = new URL(front.url);
    expect(proxy.reports.length).toBeGreaterThanOrEqual(2);
    expect(new Set(proxy.reports.map(({ request }) => request))).toEqual(new Set([`CONNECT ${host}`]));
    for (const { headers } of simulator.requests) expect(headers).not.toHaveProperty("proxy-authorization");
  });

  it("no request is sent to a Discord with an invalid certificate", async () => {
    const { simulator, browser, user } = await start({}, () => undefined);
    expect(await signIn(browser, simulator, user)).toBe("502 discord_unavailable");
    expect(simulator.requests.filter(({ path }) => path.startsWith("/api/"))).toEqual([]);
  });
});

/** An app in a process of its own, and a Discord behind TLS. */
async function start(
  options: DiscordOptions = {},
  trusted = (front: TlsFront): Trusted => front.certificatePath,
) {
  const simulator = await startSimulator({ redirectUris: [REDIRECT_URI] });
  const front = await startTlsFront(simulator.url);
  const child = fork(new URL("https-app.ts", import.meta.url), {
    execArgv: ["--no-warnings", "--import", "tsx"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted(front) },
  });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  child.send({
    ...simulator.options,
    redirectUri: REDIRECT_URI,
    discordUrl: front.url,
    issuer: simulator.url,
    ...options,
  });
  const [{ url }] = (await once(child, "message")) as [Serving];
  return { simulator, front, browser: simulator.browser(url), user: simulator.addUser() };
}

/** @returns the status of the callback, and the code of its error if it failed */
async function signIn(
  browser: Browser,
  simulator: DiscordSimulator,
  user: SimulatedUser,
): Promise<number | string> {
  const { pathname, search } = new URL(await beginLogin(browser));
  const callbackUrl = await simulator.approve(`${simulator.url}${pathname}${search}`, { user });
  const answer = await browser.get(`/callback${new URL(callbackUrl).search}`);
  return answer.status === 200 ? 200 : `${answer.status} ${answer.json<{ code: string }>().code}`;
}
