import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import type { SimulatorOptions } from "../../src/testing/index.js";
import { approved, authorizeUrl, callApi, exchange } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

async function discover(options: SimulatorOptions) {
  const discord = await startForTest(options);
  const read = async (name: string) =>
    (await callApi(discord, `GET /.well-known/${name}`, { base: "" })).body;
  return { oauth: await read("oauth-authorization-server"), openid: await read("openid-configuration") };
}

/** An app that redirects every request to Discord, except those to its callback. */
async function startApp(loginUrl: (callback: string) => string): Promise<string> {
  const app = createServer(({ url = "" }, response) => {
    if (url.startsWith("/callback")) response.end(url);
    else response.writeHead(302, { Location: loginUrl(`${appUrl}/callback`) }).end();
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void app.close());
  const appUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  return appUrl;
}

it.each([
  [{ behaviour: { issuer: "https://discord.com" } }, "https://discord.com", "https://discord.com"],
  [{ publicUrl: "https://sim.test/" }, "https://sim.test", "https://sim.test"],
  [
    { publicUrl: "http://discord:4000", behaviour: { issuer: "https://discord.com" } },
    "https://discord.com",
    "http://discord:4000",
  ],
])("the discovery documents with %j name issuer %s and endpoints at %s", async (options, issuer, base) => {
  const { oauth, openid } = await discover(options);
  expect([oauth.issuer, openid.issuer]).toEqual([issuer, issuer]);
  const { issuer: _oauth, ...endpoints } = oauth;
  const { issuer: _openid, ...openIdEndpoints } = openid;
  const addresses = Object.values({ ...endpoints, ...openIdEndpoints }).filter(
    (value) => typeof value === "string",
  );
  expect(addresses.length).toBeGreaterThan(4);
  for (const address of addresses) expect(address).toMatch(new RegExp(`^${base}/api/oauth2/`));
});

it("publicUrl is the address of everything that the simulator hands out", async () => {
  const discord = await startForTest({ publicUrl: "http://discord.test:4000" });
  expect(discord.options.discordUrl).toBe("http://discord.test:4000");
  const guild = discord.addGuild();
  const user = discord.addUser();
  discord.addMember(guild, user, { owner: true });
  const channelId = guild.channels[0]!.id;
  const { code } = await approved(discord, user, { scope: "webhook.incoming", channel_id: channelId });
  expect((await exchange(discord, code!)).body.webhook.url).toMatch(
    /^http:\/\/discord\.test:4000\/api\/webhooks\//,
  );
  expect(discord.addWebhook(guild).url).toMatch(/^http:\/\/discord\.test:4000\/api\/webhooks\//);
  const { headers } = await callApi(discord, "GET /oauth2/authorize?a=1", { base: "/api" });
  expect(headers.get("location")).toBe("http://discord.test:4000/oauth2/authorize?a=1");
});

it("a login through any name of the simulator is approved", async () => {
  const names = { publicUrl: "http://discord.test", behaviour: { issuer: "https://issuer.test" } };
  const discord = await startForTest(names);
  const user = discord.addUser();
  for (const base of [discord.url, names.publicUrl, names.behaviour.issuer]) {
    const appUrl = await startApp((redirect_uri) =>
      authorizeUrl(discord, { redirect_uri }).replace(discord.url, base),
    );
    discord.addRedirectUri(`${appUrl}/callback`);
    const callback = await discord.browser(appUrl).signIn("/login", { user });
    expect(callback.text).toMatch(/^\/callback\?code=/);
  }
});

it("a URL of the real Discord is never called", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  for (const host of ["discord.com", "canary.discord.com", "discordapp.com"]) {
    const url = authorizeUrl(discord).replace(discord.url, `https://${host}`);
    await expect(discord.approve(url, { user })).rejects.toThrow("leads to the real Discord");
    await expect(discord.cancel(url, { user })).rejects.toThrow("leads to the real Discord");
  }
});

it.each([
  ["::1", "http://[::1]:"],
  ["127.0.0.2", "http://127.0.0.2:"],
  ["::", "http://127.0.0.1:"],
  ["0.0.0.0", "http://127.0.0.1:"],
])("a simulator that listens on %s is reached at %s", async (host, start) => {
  const discord = await startForTest({ host });
  expect([discord.url.startsWith(start), discord.options.discordUrl]).toEqual([true, discord.url]);
  expect((await callApi(discord, "GET /users/@me", { bot: true })).status).toBe(200);
  expect(await discord.approve(authorizeUrl(discord), { user: discord.addUser() })).toContain("code=");
});
