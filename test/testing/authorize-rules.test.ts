import { expect, it } from "vitest";
import { approved, authorizeUrl, callApi, logIn, queryOf } from "./api-client.js";
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

it("cancel says so when there is no consent page to cancel on", async () => {
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

it("others do not see the bot's e-mail address and settings", async () => {
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
