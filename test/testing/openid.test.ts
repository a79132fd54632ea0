import { createHash, createPublicKey, verify } from "node:crypto";
import { expect, it } from "vitest";
import { approved, callApi, exchange, logIn } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const parse = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());

it("the scope openid gives an id token that the published key verifies", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  const { code } = await approved(discord, user, { scope: "openid identify", nonce: "n1" });
  const { id_token, access_token } = (await exchange(discord, code!)).body;
  const [head, payload, signature] = id_token.split(".");
  const [key] = (await callApi(discord, "GET /oauth2/keys")).body.keys;
  expect(Object.keys(key)).toEqual(["kty", "use", "kid", "n", "e", "alg"]);
  expect(parse(head)).toEqual({ alg: "RS256", typ: "JWT", kid: key.kid });
  const publicKey = createPublicKey({ key, format: "jwk" });
  expect(
    verify("sha256", Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, "base64url")),
  ).toBe(true);
  const hash = createHash("sha256").update(access_token).digest().subarray(0, 16).toString("base64url");
  const { iat, ...claims } = parse(payload);
  expect(claims).toEqual({
    iss: discord.url,
    aud: [discord.options.clientId],
    sub: user.id,
    exp: iat + 604_800,
    auth_time: iat,
    at_hash: hash,
    nonce: "n1",
  });
});

it("no id token is given without the scope openid", async () => {
  const discord = await startForTest();
  expect(await logIn(discord, discord.addUser())).not.toHaveProperty("id_token");
});

it("userinfo has what the scopes allow", async () => {
  const discord = await startForTest();
  const user = discord.addUser({
    username: "mira.k",
    global_name: "Mira",
    avatar: "abc",
    email: "m@example.org",
  });
  const userInfo = async (...scopes: string[]) => {
    const { access_token: bearer } = discord.issueToken(user, scopes);
    return callApi(discord, "GET /oauth2/userinfo", { bearer });
  };
  expect((await userInfo("openid")).body).toEqual({ sub: user.id });
  expect((await userInfo("openid", "email", "identify")).body).toEqual({
    sub: user.id,
    email: "m@example.org",
    email_verified: true,
    preferred_username: "mira.k",
    nickname: "Mira",
    picture: `https://cdn.discordapp.com/avatars/${user.id}/abc.png`,
    locale: "en-US",
  });
  user.payload.avatar = null;
  expect((await userInfo("openid", "identify")).body).not.toHaveProperty("picture");
  expect((await userInfo("identify")).status).toBe(401);
});

it("the metadata documents name the endpoints and the issuer", async () => {
  const discord = await startForTest();
  const { url } = discord;
  const read = (name: string) => callApi(discord, `GET /.well-known/${name}`, { base: "" });
  expect((await read("oauth-authorization-server")).body).toMatchObject({
    issuer: url,
    authorization_endpoint: `${url}/api/oauth2/authorize`,
    token_endpoint: `${url}/api/oauth2/token`,
    revocation_endpoint: `${url}/api/oauth2/token/revoke`,
    jwks_uri: `${url}/api/oauth2/keys`,
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: false,
  });
  discord.behaviour.issOnSuccess = true;
  const { body } = await read("oauth-authorization-server");
  expect(body.authorization_response_iss_parameter_supported).toBe(true);
  expect((await read("openid-configuration")).body).toMatchObject({
    issuer: url,
    userinfo_endpoint: `${url}/api/oauth2/userinfo`,
    id_token_signing_alg_values_supported: ["RS256"],
  });
  discord.behaviour.issuer = "https://issuer.test";
  expect((await read("oauth-authorization-server")).body.issuer).toBe("https://issuer.test");
});
