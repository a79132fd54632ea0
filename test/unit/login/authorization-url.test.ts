import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/config.js";
import { authorizationUrl, checkLoginOptions } from "../../../src/login/authorization-url.js";

const CONFIG = resolveConfig(
  {
    clientId: "1100000000000000099",
    clientSecret: "client-secret",
    redirectUri: "http://localhost:3000/callback?a=b&c=d",
  },
  () => undefined,
);
const FLOW = { state: "the-state", challenge: "the-challenge" };

describe("authorization URLs", () => {
  it("the authorization URL is exactly what Discord documents", () => {
    expect(authorizationUrl(CONFIG, ["identify", "guilds.members.read"], FLOW, {})).toBe(
      "https://discord.com/oauth2/authorize?response_type=code&client_id=1100000000000000099" +
        "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback%3Fa%3Db%26c%3Dd" +
        "&scope=identify%20guilds.members.read&state=the-state&prompt=consent" +
        "&code_challenge=the-challenge&code_challenge_method=S256",
    );
  });

  it("the authorization URL names no challenge method if there is no challenge", () => {
    const url = authorizationUrl(CONFIG, ["identify"], { state: "s", challenge: undefined }, {});

    expect(url).not.toContain("code_challenge");
  });

  it("the authorization URL encodes further parameters, including their names", () => {
    const url = authorizationUrl(CONFIG, ["identify"], FLOW, {
      params: { "a b&": "c=d#e", channel_id: "ä" },
    });

    expect(url).toContain("&a%20b%26=c%3Dd%23e&channel_id=%C3%A4");
  });

  it("a login names no guild if the id is invalid", () => {
    expect(() => checkLoginOptions({ guildId: "1&state=x" }, ["bot"])).toThrow(
      expect.objectContaining({ code: "invalid_snowflake" }),
    );
  });

  it("the authorization URL may skip Discord's page for scopes that need no choice", () => {
    expect(() => checkLoginOptions({ prompt: false }, ["identify", "applications.commands"])).not.toThrow();
  });
});
