import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signedInAs } from "../support/login.js";
import { startProxy } from "../support/proxy.js";

const LOGIN = "operator:p%40ss%3Aword";
const AUTHORIZATION = `Basic ${Buffer.from("operator:p@ss:word").toString("base64")}`;

describe.each(LATEST_EXPRESS)("proxies on %s", (_name, createApp) => {
  it("the proxy carries token and API calls with its credentials", async () => {
    const [simulator, proxy] = [await startSimulator(), await startProxy(LOGIN)];
    const app = await startApp(createApp, simulator, { discord: { proxy: proxy.url } });
    const user = simulator.addUser();

    const browser = app.browser();
    await browser.signIn("/login", { user });
    await app.discord.fetchBot();
    await browser.post("/logout?everywhere=true");

    expect(await signedInAs(browser)).toBeUndefined();
    expect(
      simulator.requests.filter(({ path }) => path.startsWith("/api/")).map(({ route }) => route),
    ).toEqual(["/oauth2/token", "/users/@me", "/users/@me", "/oauth2/token/revoke"]);
    await expect.poll(() => proxy.reports.length).toBeGreaterThanOrEqual(3);
    const host = new URL(simulator.url).host;
    const ways = proxy.reports.map(({ request }) => request);
    expect(ways).toContain(`POST ${simulator.url}/api/v10/oauth2/token`);
    expect(ways).toContain(`POST ${simulator.url}/api/v10/oauth2/token/revoke`);
    expect(ways).toContain(`CONNECT ${host}`);
    expect(new Set(proxy.reports.map(({ authorization }) => authorization))).toEqual(
      new Set([AUTHORIZATION]),
    );
  });

  it("the proxy's credentials do not reach Discord", async () => {
    const [simulator, proxy] = [await startSimulator(), await startProxy(LOGIN)];
    const app = await startApp(createApp, simulator, { discord: { proxy: proxy.url } });

    await app.browser().signIn("/login", { user: simulator.addUser() });

    for (const { headers } of simulator.requests) expect(headers).not.toHaveProperty("proxy-authorization");
  });

  it("a proxy works without credentials, and from the setting DISCORD_PROXY", async () => {
    const [simulator, proxy] = [await startSimulator(), await startProxy()];
    const user = simulator.addUser();
    const withSetting = () => createApp().set("DISCORD_PROXY", proxy.url);
    const app = await startApp(withSetting, simulator);

    const browser = app.browser();
    await browser.signIn("/login", { user });

    expect(await signedInAs(browser)).toBe(user.id);
    await expect.poll(() => proxy.reports.length).toBeGreaterThanOrEqual(2);
  });

  it("a proxy that refuses the credentials means Discord is unavailable, and no password is shown", async () => {
    const [simulator, proxy] = [await startSimulator(), await startProxy(LOGIN)];
    const wrong = proxy.url.replace("operator", "somebody");
    const app = await startApp(createApp, simulator, { discord: { proxy: wrong } });

    const login = await app.browser().signIn("/login", { user: simulator.addUser() });
    const call = await app.discord.fetchBot().catch((error: unknown) => error);

    expect([login.status, login.json<{ code: string }>().code]).toEqual([502, "discord_unavailable"]);
    expect(call).toMatchObject({ code: "discord_unavailable", status: 502 });
    expect(simulator.requests.filter(({ path }) => path.startsWith("/api/"))).toEqual([]);
    for (const error of [...app.errors, call]) {
      const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
      expect(shown).not.toMatch(/p@ss|p%40ss|Basic /);
    }
  });

  it("a proxy that is not there means Discord is unavailable", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { proxy: "http://operator:password@127.0.0.1:9" },
    });

    const login = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect([login.status, login.json<{ code: string }>().code]).toEqual([502, "discord_unavailable"]);
    await expect(app.discord.fetchBot()).rejects.toMatchObject({ code: "discord_unavailable" });
  });
});
