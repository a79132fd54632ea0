import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { callApi, logIn, refresh } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const REFUSED = '{"error": "invalid_grant", "error_description": "Invalid \\"refresh_token\\" in request"}';

async function works(discord: DiscordSimulator, bearer: string): Promise<boolean> {
  return (await callApi(discord, "GET /oauth2/@me", { bearer })).status === 200;
}

function revoke(discord: DiscordSimulator, fields: Record<string, string>) {
  const { clientId, clientSecret } = discord.options;
  const form = { client_id: clientId, client_secret: clientSecret, ...fields };
  return callApi(discord, "POST /oauth2/token/revoke", { form });
}

describe("refreshes", () => {
  it("a refresh gives a new pair and ends the old one", async () => {
    const discord = await startForTest();
    const former = await logIn(discord, discord.addUser());
    const { status, body } = await refresh(discord, former.refresh_token);
    expect([status, body.scope]).toEqual([200, "identify"]);
    expect(await works(discord, body.access_token)).toBe(true);
    expect(await works(discord, former.access_token)).toBe(false);
    const again = await refresh(discord, former.refresh_token);
    expect([again.status, again.text]).toEqual([400, REFUSED]);
    expect((await refresh(discord, body.refresh_token)).status).toBe(200);
  });

  it("one of many simultaneous refreshes succeeds", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(discord, refresh_token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
  });

  it("a refresh works if the access token has expired", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    discord.clock.advance(30 * 86_400_000);
    expect((await refresh(discord, refresh_token)).status).toBe(200);
  });

  it("a refresh returns every scope that the user ever granted", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    await logIn(discord, user, "identify guilds");
    const narrow = await logIn(discord, user, "identify email");
    expect(narrow.scope).toBe("identify email");
    expect((await refresh(discord, narrow.refresh_token)).body.scope).toBe("identify guilds email");
  });

  it("a refresh can have fewer scopes, but not more", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser(), "identify guilds");
    const wide = await refresh(discord, refresh_token, { scope: "identify email" });
    expect([wide.status, wide.body.error]).toEqual([400, "invalid_scope"]);
    expect((await refresh(discord, refresh_token, { scope: "identify" })).body.scope).toBe("identify");
  });

  it("a refresh is refused without a token, and for an unknown one", async () => {
    const discord = await startForTest();
    expect((await refresh(discord, "")).body).toEqual({
      error: "invalid_request",
      error_description: 'Missing "refresh_token" in request.',
    });
    expect((await refresh(discord, "unknown")).text).toBe(REFUSED);
  });

  it("a refresh is refused for a banned account", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const { refresh_token } = await logIn(discord, user);
    user.banned = true;
    expect((await refresh(discord, refresh_token)).text).toBe(REFUSED);
  });

  it("a refresh is refused to another client", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    expect((await refresh(discord, refresh_token, { client_secret: "wrong" })).text).toBe(
      '{"error": "invalid_client"}',
    );
  });
});

describe("switches of refreshes", () => {
  it("previousAccessTokenSurvives keeps the old access token alive after a refresh", async () => {
    const discord = await startForTest({ behaviour: { previousAccessTokenSurvives: true } });
    const former = await logIn(discord, discord.addUser());
    await refresh(discord, former.refresh_token);
    expect(await works(discord, former.access_token)).toBe(true);
  });

  it("refreshReuse lets the second use of a refresh token end the whole authorization", async () => {
    const discord = await startForTest({ behaviour: { refreshReuse: "revoke-grant" } });
    const { refresh_token } = await logIn(discord, discord.addUser());
    const { body } = await refresh(discord, refresh_token);
    expect((await refresh(discord, refresh_token)).text).toBe(REFUSED);
    expect(await works(discord, body.access_token)).toBe(false);
    expect((await refresh(discord, body.refresh_token)).text).toBe(REFUSED);
  });

  it("rotateRefreshTokens: false lets a refresh keep its refresh token", async () => {
    const discord = await startForTest({ behaviour: { rotateRefreshTokens: false } });
    const { refresh_token } = await logIn(discord, discord.addUser());
    expect((await refresh(discord, refresh_token)).body.refresh_token).toBe(refresh_token);
    expect((await refresh(discord, refresh_token)).status).toBe(200);
  });

  it.each([[{ rotateRefreshTokens: false }], [{ refreshOmitsRefreshToken: true }]])(
    "with %j, each refresh ends the access token of the one before",
    async (behaviour) => {
      const discord = await startForTest({ behaviour });
      const { refresh_token } = await logIn(discord, discord.addUser());
      const second = (await refresh(discord, refresh_token)).body.access_token;
      const third = (await refresh(discord, refresh_token)).body.access_token;
      expect([await works(discord, second), await works(discord, third)]).toEqual([false, true]);
    },
  );

  it("refreshOmitsRefreshToken leaves out the refresh token, and the old one still works", async () => {
    const discord = await startForTest({ behaviour: { refreshOmitsRefreshToken: true } });
    const { refresh_token } = await logIn(discord, discord.addUser());
    const { body } = await refresh(discord, refresh_token);
    expect(body).not.toHaveProperty("refresh_token");
    expect(await works(discord, body.access_token)).toBe(true);
    expect((await refresh(discord, refresh_token)).status).toBe(200);
  });

  it("refreshErrorFullStop ends the error message of a refused refresh with a full stop", async () => {
    const discord = await startForTest({ behaviour: { refreshErrorFullStop: true } });
    expect((await refresh(discord, "x")).body.error_description).toBe('Invalid "refresh_token" in request.');
  });
});

describe("revocation", () => {
  it.each(["access_token", "refresh_token"] as const)(
    "the revocation of the %s ends every login of the user",
    async (kind) => {
      const discord = await startForTest();
      const [mira, tom] = [discord.addUser(), discord.addUser()];
      const [first, second, other] = [
        await logIn(discord, mira),
        await logIn(discord, mira),
        await logIn(discord, tom),
      ];
      const answer = await revoke(discord, { token: first[kind], token_type_hint: "access_token" });
      expect([answer.status, answer.body]).toEqual([200, {}]);
      expect(await works(discord, first.access_token)).toBe(false);
      expect(await works(discord, second.access_token)).toBe(false);
      expect((await refresh(discord, second.refresh_token)).text).toBe(REFUSED);
      expect(await works(discord, other.access_token)).toBe(true);
    },
  );

  it("a new login after a revocation has only the scopes that it asks for", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const { access_token } = await logIn(discord, user, "identify guilds");
    await revoke(discord, { token: access_token });
    const { refresh_token } = await logIn(discord, user, "identify");
    expect((await refresh(discord, refresh_token)).body.scope).toBe("identify");
  });

  it("the revocation answers 200 for an unknown token, and an error without one", async () => {
    const discord = await startForTest();
    expect((await revoke(discord, { token: "unknown" })).text).toBe("{}");
    const missing = await revoke(discord, { access_token: "x" });
    expect([missing.status, missing.text]).toEqual([400, '{"error": "invalid_request"}']);
  });

  it("the revocation refuses a token_type_hint that does not exist", async () => {
    const discord = await startForTest();
    const { access_token } = await logIn(discord, discord.addUser());
    const { status, text } = await revoke(discord, { token: access_token, token_type_hint: "bearer" });
    expect([status, text]).toEqual([400, '{"error": "unsupported_token_type"}']);
    expect(await works(discord, access_token)).toBe(true);
  });

  it("the revocation is refused to another client", async () => {
    const discord = await startForTest();
    const { access_token } = await logIn(discord, discord.addUser());
    const { status, body } = await revoke(discord, { token: access_token, client_secret: "wrong" });
    expect([status, body]).toEqual([401, { error: "invalid_client" }]);
    expect(await works(discord, access_token)).toBe(true);
  });

  it("the removal of the app by the user revokes its tokens", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const { access_token, refresh_token } = await logIn(discord, user);
    discord.removeAuthorization(user);
    expect(await works(discord, access_token)).toBe(false);
    expect((await refresh(discord, refresh_token)).text).toBe(REFUSED);
  });
});
