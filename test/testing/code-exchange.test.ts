import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { approved, CALLBACK, callApi, exchange, logIn, requestToken } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const VERIFIER = "a".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const PKCE = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
const CODE_REFUSED = '{"error": "invalid_grant", "error_description": "Invalid \\"code\\" in request."}';

async function newCode(discord: DiscordSimulator, parameters: Record<string, string> = {}): Promise<string> {
  return (await approved(discord, discord.addUser(), parameters))["code"]!;
}

describe("code exchange", () => {
  it("the code exchange gives a pair of tokens that caches must not store", async () => {
    const discord = await startForTest();
    const { status, headers, body } = await exchange(
      discord,
      await newCode(discord, { scope: "guilds identify" }),
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      token_type: "Bearer",
      access_token: expect.stringMatching(/^\w{30}$/),
      expires_in: 604_800,
      refresh_token: expect.stringMatching(/^\w{30}$/),
      scope: "guilds identify",
    });
    expect([headers.get("cache-control"), headers.get("pragma")]).toEqual(["no-store", "no-cache"]);
  });

  it.each(["/api", "/api/v10", "/api/v9"])("the code exchange works below %s", async (base) => {
    const discord = await startForTest();
    const form = {
      grant_type: "authorization_code",
      code: await newCode(discord),
      redirect_uri: CALLBACK,
      client_id: discord.options.clientId,
      client_secret: discord.options.clientSecret,
    };
    expect((await callApi(discord, "POST /oauth2/token", { form, base })).status).toBe(200);
  });

  it("a code works once", async () => {
    const discord = await startForTest();
    const code = await newCode(discord);
    const { access_token } = (await exchange(discord, code)).body;
    const second = await exchange(discord, code);
    expect([second.status, second.text]).toEqual([400, CODE_REFUSED]);
    expect((await callApi(discord, "GET /users/@me", { bearer: access_token })).status).toBe(200);
  });

  it("codeReuse lets the second use of a code end the whole authorization", async () => {
    const discord = await startForTest({ behaviour: { codeReuse: "revoke-grant" } });
    const code = await newCode(discord);
    const { access_token } = (await exchange(discord, code)).body;
    expect((await exchange(discord, code)).text).toBe(CODE_REFUSED);
    expect((await callApi(discord, "GET /users/@me", { bearer: access_token })).status).toBe(401);
  });

  it("a code works for 100 seconds", async () => {
    const discord = await startForTest();
    const [inTime, late] = [await newCode(discord), await newCode(discord)];
    discord.clock.advance(90_000);
    expect((await exchange(discord, inTime)).status).toBe(200);
    discord.clock.advance(10_001);
    expect((await exchange(discord, late)).text).toBe(CODE_REFUSED);
  });

  it("codeSeconds and accessTokenSeconds set how long codes and tokens work", async () => {
    const discord = await startForTest({ behaviour: { codeSeconds: 5, accessTokenSeconds: 60 } });
    const [code, late] = [await newCode(discord), await newCode(discord)];
    expect((await exchange(discord, code)).body.expires_in).toBe(60);
    discord.clock.advance(5001);
    expect((await exchange(discord, late)).text).toBe(CODE_REFUSED);
  });

  it("a code does not work after the user has removed the app", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const { code } = await approved(discord, user);
    discord.removeAuthorization(user);
    expect((await exchange(discord, code!)).text).toBe(CODE_REFUSED);
  });

  it.each([
    [{ code: "unknown" }, "invalid_grant", 'Invalid "code" in request.'],
    [{ code: "" }, "invalid_request", 'Missing "code" in request.'],
    [{ redirect_uri: `${CALLBACK}/` }, "invalid_grant", 'Invalid "redirect_uri" in request.'],
    [{ redirect_uri: "" }, "invalid_grant", 'Invalid "redirect_uri" in request.'],
    [{ code_verifier: VERIFIER }, "invalid_grant", "Code challenge failed."],
  ])(
    "a code exchange with %j is refused, and leaves the code usable",
    async (fields, error, error_description) => {
      const discord = await startForTest();
      const code = await newCode(discord);
      const refused = await exchange(discord, code, fields);
      expect([refused.status, refused.body]).toEqual([400, { error, error_description }]);
      expect((await exchange(discord, code)).status).toBe(200);
    },
  );
});

describe("PKCE", () => {
  it("an empty verifier counts as none", async () => {
    const discord = await startForTest();
    expect((await exchange(discord, await newCode(discord), { code_verifier: "" })).status).toBe(200);
  });

  it("a code with a challenge needs its verifier", async () => {
    const discord = await startForTest();
    const code = await newCode(discord, PKCE);
    for (const fields of [{}, { code_verifier: "" }]) {
      expect((await exchange(discord, code, fields)).body).toEqual({
        error: "invalid_request",
        error_description: 'Missing "code_verifier"',
      });
    }
    expect((await exchange(discord, code, { code_verifier: "short" })).body).toEqual({
      error: "invalid_request",
      error_description: 'Invalid "code_verifier"',
    });
    expect((await exchange(discord, code, { code_verifier: "b".repeat(43) })).body).toEqual({
      error: "invalid_grant",
      error_description: "Code challenge failed.",
    });
    expect((await exchange(discord, code, { code_verifier: VERIFIER })).status).toBe(200);
  });
});

describe("clients", () => {
  it("a client may authenticate with a Basic header", async () => {
    const discord = await startForTest({ clientSecret: "s:e c&ret+%" });
    const { clientId, clientSecret } = discord.options;
    const form = { grant_type: "authorization_code", code: await newCode(discord), redirect_uri: CALLBACK };
    const credentials = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString("base64");
    const headers = { Authorization: `Basic ${credentials}` };
    expect((await callApi(discord, "POST /oauth2/token", { form, headers })).status).toBe(200);
  });

  it.each([{ client_secret: "wrong" }, { client_secret: "" }, { client_id: "1" }])(
    "a client with %j is refused",
    async (fields) => {
      const discord = await startForTest();
      const { status, headers, text } = await exchange(discord, await newCode(discord), fields);
      expect([status, text]).toEqual([401, '{"error": "invalid_client"}']);
      expect(headers.get("www-authenticate")).toMatch(/^Basic/);
    },
  );

  it("invalidClientStatus lets the token endpoint refuse an unknown client with 400", async () => {
    const discord = await startForTest({ behaviour: { invalidClientStatus: 400 } });
    const { status, headers } = await exchange(discord, "x", { client_secret: "wrong" });
    expect(status).toBe(400);
    expect(headers.has("www-authenticate")).toBe(false);
  });

  it("a public client may omit its secret, but not send a wrong one", async () => {
    const discord = await startForTest();
    const form = {
      grant_type: "authorization_code",
      code: await newCode(discord),
      redirect_uri: CALLBACK,
      client_id: discord.options.clientId,
    };
    expect((await callApi(discord, "POST /oauth2/token", { form })).status).toBe(401);
    discord.behaviour.publicClient = true;
    const wrong = { ...form, client_secret: "wrong" };
    expect((await callApi(discord, "POST /oauth2/token", { form: wrong })).status).toBe(401);
    expect((await callApi(discord, "POST /oauth2/token", { form })).status).toBe(200);
  });
});

describe("the token endpoint", () => {
  it.each([
    [{ grant_type: "password" }, "password"],
    [{}, "None"],
    [{ grant_type: "toString" }, "toString"],
  ])("the token endpoint checks the grant type before the client: %j", async (form, told) => {
    const discord = await startForTest();
    const { status, body } = await callApi(discord, "POST /oauth2/token", { form });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: "unsupported_grant_type",
      error_description: `Grant type ${told} is not supported`,
    });
  });

  it("the token endpoint reads neither JSON nor the query", async () => {
    const discord = await startForTest();
    const { clientId: client_id, clientSecret: client_secret } = discord.options;
    const json = { grant_type: "client_credentials", scope: "identify", client_id, client_secret };
    const answers = [
      await callApi(discord, "POST /oauth2/token", { json }),
      await callApi(discord, `POST /oauth2/token?${new URLSearchParams(json)}`),
    ];
    for (const { status, body } of answers)
      expect([status, body.error]).toEqual([400, "unsupported_grant_type"]);
  });

  it("the token endpoint accepts only POST", async () => {
    const discord = await startForTest();
    const { status, body } = await callApi(discord, "GET /oauth2/token");
    expect([status, body]).toEqual([405, { message: "405: Method Not Allowed", code: 0 }]);
  });
});

describe("client credentials", () => {
  it("client credentials give a token for the owner of the app, without a refresh token", async () => {
    const discord = await startForTest();
    const { body } = await requestToken(discord, { grant_type: "client_credentials", scope: "identify" });
    expect(body).toEqual({
      token_type: "Bearer",
      access_token: expect.any(String),
      expires_in: 604_800,
      scope: "identify",
    });
    const me = await callApi(discord, "GET /users/@me", { bearer: body.access_token });
    expect(me.body.username).toBe("the.owner");
  });

  it.each(["", "identity"])('client credentials are refused for the scope "%s"', async (scope) => {
    const discord = await startForTest();
    const { status, body } = await requestToken(discord, { grant_type: "client_credentials", scope });
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
  });
});

describe("access tokens", () => {
  it("an access token works for seven days", async () => {
    const discord = await startForTest();
    const { access_token: bearer } = await logIn(discord, discord.addUser());
    discord.clock.advance(604_800_000 - 60_000);
    expect((await callApi(discord, "GET /users/@me", { bearer })).status).toBe(200);
    discord.clock.advance(60_001);
    expect((await callApi(discord, "GET /users/@me", { bearer })).status).toBe(401);
  });

  it("an access token can be made without a login", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const { access_token: bearer, scope } = discord.issueToken(user, ["identify", "email"]);
    expect(scope).toBe("identify email");
    expect((await callApi(discord, "GET /users/@me", { bearer })).body.id).toBe(user.id);
  });

  it("an access token can be made to expire, for one user or for everybody", async () => {
    const discord = await startForTest();
    const [mira, tom] = [discord.addUser(), discord.addUser()];
    const [ofMira, ofTom] = [discord.issueToken(mira, ["identify"]), discord.issueToken(tom, ["identify"])];
    const status = async (bearer: string) => (await callApi(discord, "GET /users/@me", { bearer })).status;
    discord.expireAccessTokens(mira);
    expect([await status(ofMira.access_token), await status(ofTom.access_token)]).toEqual([401, 200]);
    discord.expireAccessTokens();
    expect(await status(ofTom.access_token)).toBe(401);
  });
});
