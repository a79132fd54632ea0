import { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { resolveConfig } from "../../../src/config.js";
import { HttpException } from "../../../src/errors.js";
import { OAuth } from "../../../src/oauth/oauth.js";
import { explain, TokenRequestRefused } from "../../../src/oauth/oauth-errors.js";
import type { DiscordOptions } from "../../../src/options.js";
import type { DiscordSimulator } from "../../../src/testing/index.js";
import { answeringServer } from "../../support/answering-server.js";
import { startSimulator } from "../../support/app.js";
import { movableClock } from "../../support/clock.js";

const TOKEN = "POST /oauth2/token";
const WEEK_MS = 604_800_000;

function oauthOf(simulator: DiscordSimulator, options: DiscordOptions = {}): OAuth {
  const given = { ...simulator.options, redirectUri: "http://127.0.0.1/callback", ...options };
  return new OAuth(resolveConfig(given, () => undefined));
}

function answer(simulator: DiscordSimulator, body: unknown, status = 200, times = 1): void {
  simulator.fail({ kind: "status", status, body, route: TOKEN, times });
}

async function failure(task: Promise<unknown>): Promise<unknown> {
  return task.then(
    () => undefined,
    (error: unknown) => error,
  );
}

it("an error for a package that a bundler or a deployment left out names the package", () => {
  const missing = Object.assign(new Error("Cannot find package 'simple-oauth2'"), {
    code: "ERR_MODULE_NOT_FOUND",
  });
  const error = explain(missing, "exchanging the code", { secrets: [] });
  expect(error.message).toContain("Cannot find package 'simple-oauth2'");
  expect(error).toMatchObject({ code: "discord_unavailable", cause: missing });
});

describe("the token endpoint", () => {
  it("300 requests in turn to the token endpoint use one connection", async () => {
    const simulator = await startSimulator();
    const oauth = oauthOf(simulator);
    answer(simulator, { access_token: "a" }, 200, 300);
    for (let turn = 0; turn < 300; turn += 1) await oauth.exchangeCode("a code", "a verifier");
    expect(simulator.requestsTo(TOKEN)).toHaveLength(300);
    expect(simulator.connectionCount).toBe(1);
    await oauth.close();
  });

  it("an idle connection to the token endpoint is closed after half a minute", async () => {
    const simulator = await startSimulator();
    const setTimeout = vi.spyOn(Socket.prototype, "setTimeout");
    onTestFinished(() => setTimeout.mockRestore());
    const oauth = oauthOf(simulator);
    answer(simulator, { access_token: "a" });
    await oauth.exchangeCode("a code", undefined);
    expect(setTimeout.mock.calls.map(([ms]) => ms)).toContain(30_000);
    await oauth.close();
  });

  it("the token endpoint is sent the code, the redirect URI and the verifier, if there is one", async () => {
    const simulator = await startSimulator();
    const oauth = oauthOf(simulator);
    answer(simulator, { access_token: "a" }, 200, 2);
    await oauth.exchangeCode("a code", "a verifier");
    await oauth.exchangeCode("a code", undefined);
    const [first, second] = simulator.requestsTo(TOKEN).map(({ form }) => form);
    expect(first).toMatchObject({
      grant_type: "authorization_code",
      code: "a code",
      code_verifier: "a verifier",
      redirect_uri: "http://127.0.0.1/callback",
    });
    expect(second).not.toHaveProperty("code_verifier");
  });

  it.each([
    [
      "all that Discord sends",
      { expires_in: 100, refresh_token: "r", scope: "a b" },
      100_000,
      "r",
      ["a", "b"],
    ],
    ["no lifetime", {}, WEEK_MS, undefined, []],
    ["an invalid lifetime", { expires_in: "soon" }, WEEK_MS, undefined, []],
    ["a lifetime below zero", { expires_in: -5 }, WEEK_MS, undefined, []],
    ["a lifetime beyond all time", { expires_in: 1e300 }, 315_360_000_000, undefined, []],
    ["an empty refresh token", { refresh_token: "" }, WEEK_MS, undefined, []],
    ["a refresh token that is a number", { refresh_token: 1 }, WEEK_MS, undefined, []],
    ["scopes with more spaces than needed", { scope: " a  b " }, WEEK_MS, undefined, ["a", "b"]],
    ["scopes that are a list", { scope: ["a"] }, WEEK_MS, undefined, []],
  ])("a token response with %s becomes a token", async (_what, body, lifetimeMs, refreshToken, scopes) => {
    const simulator = await startSimulator();
    const clock = movableClock();
    answer(simulator, { access_token: "a", ...body });
    const before = clock.now();
    const token = await oauthOf(simulator).exchangeCode("a code", undefined);
    expect(token).toMatchObject({ accessToken: "a", refreshToken, scopes });
    expect(token.expiresAt - token.issuedAt).toBe(lifetimeMs);
    expect(token.issuedAt).toBeGreaterThanOrEqual(before);
  });

  it("the token endpoint gives the guild and the webhook that came with the token", async () => {
    const simulator = await startSimulator();
    answer(simulator, { access_token: "a", guild: { id: "1" }, webhook: { id: "2" } });
    expect(await oauthOf(simulator).exchangeCode("a code", undefined)).toMatchObject({
      guild: { id: "1" },
      webhook: { id: "2" },
    });
  });

  it("a refused token request carries the error and the description, cut to a length", async () => {
    const simulator = await startSimulator();
    answer(simulator, { error: "invalid_grant", error_description: "x".repeat(9000) }, 400);
    const error = await failure(oauthOf(simulator).refresh("a refresh token"));
    expect(error).toBeInstanceOf(TokenRequestRefused);
    expect(error).toMatchObject({ error: "invalid_grant", description: "x".repeat(500) });
  });

  it.each([
    ["invalid_client", 401, { status: 500, code: "client_rejected", error: "invalid_client" }],
    ["unauthorized_client", 400, { status: 500, code: "client_rejected" }],
    ["invalid_scope", 400, { status: 502, code: "discord_error", error: "invalid_scope" }],
    ["invalid_grant", 500, { status: 502, code: "discord_unavailable" }],
  ])("a refresh answered with %s and %i is not a refusal of the token", async (code, status, expected) => {
    const simulator = await startSimulator();
    answer(simulator, { error: code }, status);
    const error = await failure(oauthOf(simulator).refresh("a refresh token"));
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject(expected);
  });

  it("any error with status 400 means that the code was refused", async () => {
    const simulator = await startSimulator();
    answer(simulator, { error: "invalid_request" }, 400);
    expect(await failure(oauthOf(simulator).exchangeCode("a code", undefined))).toBeInstanceOf(
      TokenRequestRefused,
    );
  });

  it("the error of a refused client credentials grant says what was asked for", async () => {
    const simulator = await startSimulator();
    const error = await failure(oauthOf(simulator).clientCredentials(["no.such.scope"]));
    expect(error).toMatchObject({ status: 502, code: "discord_error", error: "invalid_scope" });
    expect((error as Error).message).toMatch(/^Discord answered invalid_scope while requesting a client/);
  });

  it.each([
    ["a token for the owner", (oauth: OAuth) => oauth.clientCredentials(["identify"])],
    ["a revocation", (oauth: OAuth) => oauth.revoke({ accessToken: "a token" })],
  ])("a failure of %s with invalid_grant is an error with a status", async (_what, ask) => {
    const simulator = await startSimulator();
    simulator.fail({ kind: "status", status: 400, body: { error: "invalid_grant" } });
    expect(await failure(ask(oauthOf(simulator)))).toMatchObject({ status: 502, code: "discord_error" });
  });

  it("a token request that gets no answer in time is given up", async () => {
    const simulator = await startSimulator();
    simulator.fail({ kind: "hang", route: TOKEN });
    const oauth = oauthOf(simulator, { timeoutMs: 100 });
    await oauth.load();
    expect(await failure(oauth.refresh("a refresh token"))).toMatchObject({
      status: 504,
      code: "discord_timeout",
      method: "POST",
      route: "/oauth2/token",
    });
  });

  it("a token request that gets no answer in time closes its connection", async () => {
    const { server, url } = await answeringServer(() => {});
    const oauth = oauthOf(await startSimulator(), { discordUrl: url, timeoutMs: 100 });
    await failure(oauth.exchangeCode("a code", undefined));
    const connections = () =>
      new Promise<number>((done) => server.getConnections((_error, count) => done(count)));
    await expect.poll(connections).toBe(0);
  });

  it("the token endpoint works again after close(), even if it was never opened", async () => {
    const simulator = await startSimulator();
    const oauth = oauthOf(simulator);
    await oauth.close();
    for (const _ of [1, 2]) {
      await oauth.clientCredentials(["identify"]);
      await oauth.close();
    }
    expect(simulator.connectionCount).toBe(2);
  });
});
