import { request } from "node:http";
import { describe, expect, it } from "vitest";
import type { DiscordSimulator, Fault } from "../../src/testing/index.js";
import { callApi, logIn, refresh } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const ME = "GET /users/@me";

function getMe(discord: DiscordSimulator) {
  return callApi(discord, ME, { bot: true });
}

describe("faults", () => {
  it("a fault happens once, and is named in the log", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 503 });
    expect([(await getMe(discord)).status, (await getMe(discord)).status]).toEqual([503, 200]);
    expect(discord.requests.map(({ fault, status }) => [fault, status])).toEqual([
      ["status", 503],
      [undefined, 200],
    ]);
  });

  it("a fault happens as often as it is told to", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 500, times: 2 });
    const statuses = [await getMe(discord), await getMe(discord), await getMe(discord)].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([500, 500, 200]);
    const stop = discord.fail({ kind: "status", status: 500, times: Number.POSITIVE_INFINITY });
    for (let count = 0; count < 5; count += 1) expect((await getMe(discord)).status).toBe(500);
    stop();
    expect((await getMe(discord)).status).toBe(200);
  });

  it("a fault without a route hits calls of the API, but not the consent page", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 500 });
    expect((await logIn(discord, discord.addUser())).access_token).toBeUndefined();
    expect(discord.requests.filter(({ fault }) => fault).map(({ route }) => route)).toEqual([
      "/oauth2/token",
    ]);
  });

  it("a fault hits only its route", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 500, route: "POST /oauth2/token" });
    expect((await getMe(discord)).status).toBe(200);
    expect((await refresh(discord, "x")).status).toBe(500);
    expect((await refresh(discord, "x")).status).toBe(400);
  });

  it.each(["/oauth2/token", "/oauth2/token/revoke", "/users/@me", "/oauth2/authorize", "/nowhere"])(
    "a fault can hit %s",
    async (route) => {
      const discord = await startForTest();
      discord.fail({ kind: "status", status: 418, route });
      const base = route.endsWith("authorize") ? "" : "/api";
      expect((await callApi(discord, `GET ${route}`, { base })).status).toBe(418);
    },
  );

  it("a fault can have its own condition", async () => {
    const discord = await startForTest();
    const refusesRefresh: Fault = {
      kind: "status",
      status: 500,
      when: ({ form }) => form?.["grant_type"] === "refresh_token",
    };
    discord.fail(refusesRefresh);
    const { refresh_token } = await logIn(discord, discord.addUser());
    expect((await refresh(discord, refresh_token)).status).toBe(500);
  });

  it("a condition of a fault that throws is reported", async () => {
    const discord = await startForTest();
    discord.fail({
      kind: "hang",
      when: () => {
        throw new Error("a mistake in the test");
      },
    });
    const { status, text } = await getMe(discord);
    expect([status, text]).toEqual([500, "Error: a mistake in the test"]);
  });

  it("a fault can happen with a probability", async () => {
    const discord = await startForTest();
    const numbers = [0.2, 0.3, 0.29];
    const random = () => numbers.shift() ?? 1;
    discord.fail({ kind: "status", status: 500, chance: 0.3, random, times: 3 });
    const statuses = [await getMe(discord), await getMe(discord), await getMe(discord)].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([500, 200, 500]);
  });

  it("faults happen one at a time, the oldest first", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 501 });
    discord.fail({ kind: "status", status: 502 });
    expect([(await getMe(discord)).status, (await getMe(discord)).status]).toEqual([501, 502]);
  });

  it("no fault is left after clearFaults", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 501 });
    discord.clearFaults();
    expect((await getMe(discord)).status).toBe(200);
  });
});

describe("faults with another response", () => {
  it.each([
    [{ kind: "status", status: 500 }, 500, '{"message":"500: Internal Server Error","code":0}'],
    [{ kind: "status", status: 404, body: { code: 1 } }, 404, '{"code":1}'],
    [{ kind: "status", status: 200, body: "" }, 200, ""],
    [{ kind: "status", status: 599, body: null }, 599, '{"message":"599: Error","code":0}'],
    [{ kind: "html" }, 502, expect.stringContaining("<h1>502 Bad Gateway</h1>")],
    [{ kind: "html", status: 504 }, 504, expect.stringContaining("504")],
    [{ kind: "invalid-json" }, 200, '{"id": "1'],
    [{ kind: "blocked" }, 403, '{"message":"internal network error","code":40333}'],
    [{ kind: "cloudflare" }, 429, "error code: 1015"],
    [{ kind: "cloudflare", form: "html" }, 429, expect.stringContaining("<!doctype html>")],
  ] as [Fault, number, string][])("the fault %j changes the response", async (fault, status, text) => {
    const discord = await startForTest();
    discord.fail(fault);
    const answer = await getMe(discord);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it("a fault sends the headers it is given", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "status", status: 503, headers: { "Retry-After": "7" } });
    expect((await getMe(discord)).headers.get("retry-after")).toBe("7");
  });

  it("a request with a fault has no effect", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    for (const kind of ["invalid-json", "html", "blocked", "rate-limited", "cloudflare"] as const) {
      discord.fail({ kind });
      await refresh(discord, refresh_token);
    }
    expect((await refresh(discord, refresh_token)).status).toBe(200);
  });

  it("a fault of Cloudflare names a time only if told to", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "cloudflare", form: "html" });
    discord.fail({ kind: "cloudflare", retryAfter: 60 });
    const [first, second] = [await getMe(discord), await getMe(discord)];
    expect([first.headers.get("retry-after"), second.headers.get("retry-after")]).toEqual([null, "60"]);
    expect([first.headers.get("content-type"), second.headers.get("content-type")]).toEqual([
      "text/html; charset=UTF-8",
      "text/plain; charset=UTF-8",
    ]);
  });

  it.each([
    [{}, "You are being rate limited.", false, "1", null, "user"],
    [{ scope: "global", retryAfter: 2.5 }, "You are being rate limited.", true, "3", "true", "global"],
    [{ scope: "shared" }, "The resource is being rate limited.", false, "1", null, "shared"],
  ] as const)(
    "the fault of a 429 with %j sends the matching body and headers",
    async (given, message, global, retryAfter, globalHeader, scope) => {
      const discord = await startForTest();
      discord.fail({ kind: "rate-limited", ...given });
      const { status, headers, body } = await getMe(discord);
      const retry_after = "retryAfter" in given ? given.retryAfter : 1;
      expect([status, body]).toEqual([429, { message, retry_after, global }]);
      expect(headers.get("retry-after")).toBe(retryAfter);
      expect(headers.get("x-ratelimit-global")).toBe(globalHeader);
      expect(headers.get("x-ratelimit-scope")).toBe(scope);
      expect(discord.requests[0]?.refused).toBe(true);
    },
  );
});

describe("faults of the connection", () => {
  it("the fault hang lasts until the client gives up", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "hang" });
    const call = request(`${discord.url}/api/users/@me`);
    const closed = new Promise<Error>((resolve) => call.once("error", resolve));
    call.end();
    while (discord.requests.length === 0) await new Promise(setImmediate);
    call.destroy();
    expect((await closed).message).toContain("hang up");
    expect(discord.requests[0]).toMatchObject({ status: undefined, fault: "hang" });
    expect((await getMe(discord)).status).toBe(200);
  });

  it("the fault reset ends the connection, and the request has no effect", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    discord.fail({ kind: "reset" });
    const failure = await refresh(discord, refresh_token).catch((error: Error) => error.cause);
    expect(failure).toMatchObject({ code: "ECONNRESET" });
    expect((await refresh(discord, refresh_token)).status).toBe(200);
  });

  it("the fault swallowed drops the response after the request took effect", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    discord.fail({ kind: "swallowed", route: "POST /oauth2/token" });
    await expect(refresh(discord, refresh_token)).rejects.toThrow();
    expect(discord.requestsTo("/oauth2/token").at(-1)).toMatchObject({
      status: undefined,
      fault: "swallowed",
    });
    expect((await refresh(discord, refresh_token)).status).toBe(400);
  });

  it("the fault truncated cuts the response off after the request took effect", async () => {
    const discord = await startForTest();
    const { refresh_token } = await logIn(discord, discord.addUser());
    discord.fail({ kind: "truncated" });
    const { clientId: client_id, clientSecret: client_secret } = discord.options;
    const response = await fetch(`${discord.url}/api/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token, client_id, client_secret }),
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect((await refresh(discord, refresh_token)).status).toBe(400);
  });

  it("the fault delay holds up the usual response", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "delay", ms: 30 });
    const started = performance.now();
    expect((await getMe(discord)).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  it("the fault slow-body sends the usual response piece by piece", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "slow-body", chunkBytes: 100, everyMs: 5 });
    const response = await fetch(`${discord.url}/api/v10/users/@me`, {
      headers: { Authorization: `Bot ${discord.options.botToken}` },
    });
    const pieces: number[] = [];
    for await (const piece of response.body!) pieces.push(piece.length);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.reduce((sum, length) => sum + length)).toBe(Number(response.headers.get("content-length")));
  });

  it("the fault slow-body sends single bytes by default, and stops if the client leaves", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "slow-body" });
    const controller = new AbortController();
    const response = await fetch(`${discord.url}/api/v10/users/@me`, { signal: controller.signal });
    const first = await response.body!.getReader().read();
    expect(first.value).toHaveLength(1);
    controller.abort();
    expect((await getMe(discord)).status).toBe(200);
  });

  it("the fault huge-body sends a huge response", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "huge-body", bytes: 1_000_000 });
    const { status, text, body } = await getMe(discord);
    expect([status, typeof body.padding]).toEqual([200, "string"]);
    expect(text.length).toBeGreaterThanOrEqual(1_000_000);
  });

  it("the fault huge-body sends 64 MiB by default, and stops if the client leaves", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "huge-body" });
    const controller = new AbortController();
    const response = await fetch(`${discord.url}/api/users/@me`, { signal: controller.signal });
    await response.body!.getReader().read();
    controller.abort();
    expect((await getMe(discord)).status).toBe(200);
  });
});
