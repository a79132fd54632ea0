import { expect, it } from "vitest";
import { startDiscord } from "../../src/testing/index.js";
import { approved, authorizeUrl, CALLBACK, callApi, logIn, queryOf } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const PKCE = { code_challenge: "x".repeat(43), code_challenge_method: "S256" };

it("a redirect to a custom scheme needs PKCE", async () => {
  const redirect_uri = "com.example.app:/callback";
  const discord = await startForTest({ redirectUris: [redirect_uri] });
  const user = discord.addUser();
  const without = await approved(discord, user, { redirect_uri });
  expect(without).toMatchObject({ error: "invalid_request", error_description: 'Missing "code_challenge"' });
  const fromDefault = await approved(discord, user, { redirect_uri: undefined });
  expect(fromDefault["error"]).toBe("invalid_request");
  expect((await approved(discord, user, { redirect_uri, ...PKCE }))["code"]).toMatch(/\w{20}/);
});

it("cancel() throws if there is no consent page to cancel on", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  const url = authorizeUrl(discord, { prompt: "none" });
  expect(queryOf(await discord.cancel(url, { user }))["error"]).toBe("access_denied");
  await discord.approve(url, { user });
  await expect(discord.cancel(url, { user })).rejects.toThrow("no consent page to cancel on");
  const wrong = authorizeUrl(discord, { prompt: "none", response_type: "other" });
  expect(queryOf(await discord.cancel(wrong, { user }))["error"]).toBe("unsupported_response_type");
});

it("approvedScopes may name scopes the simulator does not know", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  expect((await approved(discord, user, { scope: "sdk.future" }))["error"]).toBe("invalid_scope");
  discord.behaviour.approvedScopes = ["sdk.future"];
  expect((await logIn(discord, user, "identify sdk.future")).scope).toBe("identify sdk.future");
});

it("other users do not see the bot's email address and settings", async () => {
  const discord = await startForTest();
  const channelId = discord.addGuild().channels[0]!.id;
  const own = (await callApi(discord, "GET /users/@me", { bot: true })).body;
  expect(own).toMatchObject({ bot: true, email: null, verified: true, mfa_enabled: false, locale: "en-US" });
  const { email, verified, mfa_enabled, locale, ...seenByOthers } = own;
  const found = await callApi(discord, `GET /users/${own.id}`, { bot: true });
  expect(found.body).toEqual(seenByOthers);
  const json = { content: "x" };
  const sent = await callApi(discord, `POST /channels/${channelId}/messages`, { bot: true, json });
  expect(sent.body.author).toEqual(seenByOthers);
});

it("a redirect URI must be registered, which is possible at any time", async () => {
  const discord = await startForTest({ redirectUris: [] });
  const user = discord.addUser();
  await expect(approved(discord, user)).rejects.toThrow("is not registered");
  discord.addRedirectUri(CALLBACK);
  discord.addRedirectUri(CALLBACK);
  expect((await approved(discord, user, { redirect_uri: undefined }))["code"]).toBeDefined();
  const { body } = await callApi(discord, "GET /applications/@me", { bot: true });
  expect(body.redirect_uris).toEqual([CALLBACK]);
  expect(() => discord.addRedirectUri("/callback")).toThrow(TypeError);
  await expect(startDiscord({ redirectUris: ["callback"] })).rejects.toThrow(TypeError);
});

it("strictRedirectUris: false allows every http or https redirect URI besides the registered ones", async () => {
  const custom = "myapp://callback";
  const discord = await startForTest({ redirectUris: [custom], behaviour: { strictRedirectUris: false } });
  const user = discord.addUser();
  for (const redirect_uri of ["http://one.test/", "https://two.test/?a=b", custom]) {
    expect((await approved(discord, user, { redirect_uri, ...PKCE }))["code"]).toBeDefined();
  }
});

it("strictScopes: false allows every scope, known or not", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  for (const scope of ["idnetify", "relationships.read"]) {
    expect((await approved(discord, user, { scope }))["error"]).toBe("invalid_scope");
    expect(() => discord.issueToken(user, [scope])).toThrow(`may not have the scope "${scope}"`);
  }
  discord.behaviour.strictScopes = false;
  expect((await logIn(discord, user, "idnetify relationships.read")).scope).toBe(
    "idnetify relationships.read",
  );
  expect(discord.issueToken(user, ["idnetify"]).scope).toBe("idnetify");
});
