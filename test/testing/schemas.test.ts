import { readdirSync, readFileSync } from "node:fs";
import * as schemas from "discord-api-spec/zod";
import { expect, it } from "vitest";
import * as apiErrors from "../../src/testing/api-errors.js";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { type ApiAnswer, approved, callApi, exchange, refresh } from "./api-client.js";
import { differencesOf, ERROR_SCHEMA, KNOWN_DIFFERENCES, RESPONSE_SCHEMAS } from "./schema-routes.js";
import { startForTest } from "./start-for-test.js";

const ROUTE_FILES = "src/testing/routes";
const AVATAR = "0123456789abcdef0123456789abcdef";

/** A call and its route. */
type Call = (endpoint: string, options?: Parameters<typeof callApi>[2]) => Promise<ApiAnswer>;

/** Calls that together reach every route and every shape of its response. */
async function callEverything(discord: DiscordSimulator, call: Call): Promise<void> {
  const guild = discord.addGuild({
    features: ["COMMUNITY"],
    icon: AVATAR,
    channels: [
      { id: "51", name: "general" },
      { id: "52", name: "Voice", type: 2 },
    ],
    roles: [{ id: "61", permissions: 8n }],
  });
  const user = discord.addUser({
    avatar: AVATAR,
    accent_color: 255,
    primary_guild: { identity_guild_id: guild.id, identity_enabled: true, tag: "TAG", badge: AVATAR },
    avatar_decoration_data: { asset: AVATAR, sku_id: "1" },
  });
  const guest = discord.addUser({ email: null, global_name: null });
  discord.addMember(guild, user, { owner: true, roles: ["61"], nick: "M" });
  discord.addMember(guild, guest, { timedOutUntil: Date.now() + 60_000 });
  discord.addConnection(user);
  discord.addConnection(user, { type: "steam", visibility: 0, name: null });
  const { clientId } = discord.options;

  for (const scopes of [["identify"], ["identify", "email"]]) {
    await call("GET /users/@me", { bearer: discord.issueToken(user, scopes).access_token });
  }
  const scopes = ["identify", "email", "guilds", "guilds.join", "guilds.members.read", "connections"];
  const bearer = discord.issueToken(user, [...scopes, "openid", "role_connections.write"]).access_token;
  for (const query of ["", "?with_counts=true"]) await call(`GET /users/@me/guilds${query}`, { bearer });
  await call(`GET /users/@me/guilds/${guild.id}/member`, { bearer });
  await call("GET /users/@me/connections", { bearer });
  await call("GET /oauth2/@me", { bearer });
  await call("GET /oauth2/@me", { bearer: discord.issueToken(guest, ["guilds"]).access_token });
  await call("GET /oauth2/userinfo", { bearer });
  await call("GET /oauth2/userinfo", {
    bearer: discord.issueToken(guest, ["openid", "identify"]).access_token,
  });
  await call("GET /oauth2/keys");
  const connection = `/users/@me/applications/${clientId}/role-connection`;
  await call(`GET ${connection}`, { bearer });
  await call(`PUT ${connection}`, { bearer, json: { platform_name: "Shop", metadata: { level: 1 } } });
  await call(`DELETE ${connection}`, { bearer });

  const bot = (endpoint: string, json?: unknown) => call(endpoint, { bot: true, json });
  for (const path of ["/users/@me", "/users/@me/guilds?with_counts=true", "/applications/@me"])
    await bot(`GET ${path}`);
  await bot("GET /oauth2/applications/@me");
  for (const id of [user.id, guest.id, clientId]) await bot(`GET /users/${id}`);
  const records = `/applications/${clientId}/role-connections/metadata`;
  await bot(`PUT ${records}`, [{ type: 1, key: "level", name: "Level", description: "At most" }]);
  await bot(`GET ${records}`);
  for (const instance of [
    discord.addActivityInstance({ guild, users: [user] }),
    discord.addActivityInstance(),
  ]) {
    await bot(`GET /applications/${clientId}/activity-instances/${instance.id}`);
  }
  const place = `/guilds/${guild.id}`;
  for (const path of ["", "?with_counts=true", "/channels", "/roles", "/members?limit=9"])
    await bot(`GET ${place}${path}`);
  for (const id of [user.id, guest.id, clientId]) await bot(`GET ${place}/members/${id}`);
  await bot(`PATCH ${place}/members/${guest.id}`, { nick: "G" });
  await bot(`PUT ${place}/members/${guest.id}/roles/61`);
  await bot(`DELETE ${place}/members/${guest.id}/roles/61`);
  await bot(`DELETE ${place}/members/${guest.id}`);
  const joining = { access_token: discord.issueToken(guest, ["guilds.join"]).access_token };
  for (const _time of ["joins", "is a member"]) await bot(`PUT ${place}/members/${guest.id}`, joining);
  await bot(`PUT ${place}/bans/${guest.id}`);
  for (const path of ["", `/${guest.id}`]) await bot(`GET ${place}/bans${path}`);
  await bot(`DELETE ${place}/bans/${guest.id}`);
  const direct = await bot("POST /users/@me/channels", { recipient_id: user.id });
  for (const id of ["51", "52", direct.body.id]) await bot(`GET /channels/${id}`);
  await bot(`POST /channels/${direct.body.id}/messages`, {
    content: "Hello",
    nonce: 1,
    embeds: [{ title: "News" }],
  });
  const form = new FormData();
  form.set("payload_json", '{"content":"Look","attachments":[{"id":0,"description":"A file"}]}');
  form.set("files[0]", new File(["text"], "notes.txt", { type: "text/plain" }));
  await call("POST /channels/51/messages", { bot: true, raw: form });

  const webhook = discord.addWebhook(guild);
  const hook = `/webhooks/${webhook.id}/${webhook.token}`;
  for (const query of ["", "?wait=true"]) await call(`POST ${hook}${query}`, { json: { content: "x" } });
  for (const method of ["GET", "DELETE"]) await call(`${method} ${hook}`);
}

it("every success response matches Discord's schema, and has no other fields", async () => {
  const discord = await startForTest();
  const differences: string[] = [];
  const reached = new Set<string>();
  await callEverything(discord, async (endpoint, options) => {
    const answer = await callApi(discord, endpoint, options);
    const { method, route } = discord.requests.at(-1)!;
    const name = `${method} ${route}`;
    expect([name, answer.status]).toEqual([name, expect.toSatisfy((status) => status < 300)]);
    reached.add(name);
    const schema = RESPONSE_SCHEMAS[name];
    if (!schema) throw new Error(`${name} has no schema: add it to RESPONSE_SCHEMAS.`);
    differences.push(...differencesOf(name, schema, answer.text === "" ? undefined : answer.body));
    return answer;
  });
  expect(differences).toEqual([]);
  const withSchema = Object.keys(RESPONSE_SCHEMAS).filter((name) => RESPONSE_SCHEMAS[name] !== null);
  expect([...reached].sort()).toEqual(withSchema.sort());
});

it("every route of the simulator has a schema, or a reason to have none", () => {
  const sources = readdirSync(ROUTE_FILES).map((name) => readFileSync(`${ROUTE_FILES}/${name}`, "utf8"));
  const routes = sources.flatMap((text) => text.match(/"(?:GET|POST|PUT|PATCH|DELETE) \/[^"]*"/g) ?? []);
  expect(new Set(routes.map((route) => JSON.parse(route)))).toEqual(new Set(Object.keys(RESPONSE_SCHEMAS)));
});

it("the guild and the webhook of a token response match Discord's schemas", async () => {
  const discord = await startForTest();
  const guild = discord.addGuild();
  const user = discord.addUser();
  discord.addMember(guild, user, { owner: true });
  const { code } = await approved(discord, user, {
    scope: "bot webhook.incoming",
    guild_id: guild.id,
    channel_id: guild.channels[0]!.id,
  });
  const { body } = await exchange(discord, code!);
  expect(differencesOf("guild", schemas.GuildResponseSchema, body.guild)).toEqual([]);
  expect(differencesOf("webhook", schemas.GuildIncomingWebhookResponseSchema, body.webhook)).toEqual([]);
});

it("an extra field, a missing one and a wrong one are all found", async () => {
  const discord = await startForTest();
  const user = discord.addUser().seenByOthers();
  const differences = (body: unknown) => differencesOf("GET /users/:id", schemas.UserResponseSchema, body);
  expect(differences(user)).toEqual([]);
  expect(differences({ ...user, email: "x" })).toEqual(["GET /users/:id: email is not in the schema"]);
  expect(differences({ ...user, id: 1 })).toHaveLength(1);
  expect(differences({ ...user, username: undefined })).toHaveLength(1);
});

it("every known difference between the simulator and Discord's schemas still exists", async () => {
  const discord = await startForTest();
  const { clientId } = discord.options;
  const bearer = discord.issueToken(discord.addUser(), ["role_connections.write"]).access_token;
  const { body } = await callApi(discord, `GET /users/@me/applications/${clientId}/role-connection`, {
    bearer,
  });
  expect(schemas.ApplicationUserRoleConnectionResponseSchema.safeParse(body).success).toBe(false);
  expect(KNOWN_DIFFERENCES).toHaveLength(1);
});

it("every error of the API has the form that Discord documents", async () => {
  const discord = await startForTest();
  const guild = discord.addGuild();
  const user = discord.addUser();
  discord.addMember(guild, user);
  const bodies = Object.values(apiErrors).flatMap((error) =>
    typeof error === "function" ? [] : [JSON.parse(String(error.body))],
  );
  const { clientId } = discord.options;
  const calls: readonly (readonly [endpoint: string, json?: unknown])[] = [
    ["GET /users/x"],
    ["GET /users/@me/guilds?limit=0"],
    ["POST /users/@me/channels", []],
    ["POST /users/@me/channels", {}],
    [`PUT /guilds/${guild.id}/members/${user.id}`, { access_token: 1 }],
    [`PATCH /guilds/${guild.id}/members/${user.id}`, { roles: 1 }],
    [`PUT /applications/${clientId}/role-connections/metadata`, [{ type: 1, key: "a" }]],
    [`POST /channels/${guild.channels[0]!.id}/messages`, { content: 1 }],
    ["GET /nowhere"],
    ["PUT /users/@me"],
  ];
  for (const [endpoint, json] of calls) {
    const { status, body } = await callApi(discord, endpoint, { bot: true, json });
    expect([endpoint, status]).toEqual([endpoint, expect.toSatisfy((code) => code >= 400)]);
    bodies.push(body);
  }
  expect(bodies.length).toBeGreaterThan(40);
  for (const body of bodies)
    expect([body, ERROR_SCHEMA.safeParse(body).error?.issues]).toEqual([body, undefined]);
  const leaf = { _errors: [{ code: 1, message: "x" }] };
  for (const errors of [leaf, { a: [] }, { a: { _errors: [] } }]) {
    expect(ERROR_SCHEMA.safeParse({ message: "x", code: 1, errors }).success).toBe(false);
  }
});

it("every error of the token endpoint has the form of OAuth", async () => {
  const discord = await startForTest();
  const { clientId, clientSecret } = discord.options;
  const answers = [
    await refresh(discord, "garbage"),
    await exchange(discord, "garbage"),
    await callApi(discord, "POST /oauth2/token", { form: { grant_type: "refresh_token" } }),
    await callApi(discord, "POST /oauth2/token", {
      form: { client_id: clientId, client_secret: clientSecret },
    }),
    await callApi(discord, "POST /oauth2/token/revoke", {
      form: { client_id: clientId, client_secret: clientSecret },
    }),
  ];
  for (const { status, body } of answers) {
    expect([400, 401]).toContain(status);
    const { error, error_description, ...rest } = body;
    expect([typeof error, rest]).toEqual(["string", {}]);
    expect(["string", "undefined"]).toContain(typeof error_description);
  }
});
