import { describe, expect, it } from "vitest";
import type { FaultKind } from "../../src/testing/index.js";
import { authorizeUrl, callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const ME = "GET /users/@me";

describe("the Via header", () => {
  it("responses of the API have the header Via, including errors, and pages do not", async () => {
    const discord = await startForTest();
    discord.addUser();
    const viaOf = async (endpoint: string, call = {}) =>
      (await callApi(discord, endpoint, call)).headers.get("via");
    expect(await viaOf(ME, { bot: true })).toBe("1.1 google");
    expect(await viaOf(ME)).toBe("1.1 google");
    expect(await viaOf("GET /nowhere")).toBe("1.1 google");
    expect((await fetch(authorizeUrl(discord))).headers.get("via")).toBeNull();
  });

  it.each<[FaultKind, string | null]>([
    [{ kind: "rate-limited" }, "1.1 google"],
    [{ kind: "status", status: 503 }, "1.1 google"],
    [{ kind: "status", status: 503, headers: { Via: "2 other" } }, "2 other"],
    [{ kind: "huge-body", bytes: 10 }, "1.1 google"],
    [{ kind: "cloudflare" }, null],
    [{ kind: "cloudflare", form: "html" }, null],
    [{ kind: "html" }, null],
    [{ kind: "blocked" }, null],
  ])("the header Via with the fault %j is %s", async (fault, via) => {
    const discord = await startForTest();
    discord.fail(fault);
    expect((await callApi(discord, ME)).headers.get("via")).toBe(via);
  });

  it("the header Via is missing once the address is banned", async () => {
    const discord = await startForTest({ behaviour: { invalidRequestLimit: 1 } });
    expect((await callApi(discord, ME)).headers.get("via")).toBe("1.1 google");
    const { status, headers } = await callApi(discord, ME);
    expect([status, headers.get("via")]).toEqual([429, null]);
  });
});

describe("CORS", () => {
  const preflight = (url: string) =>
    fetch(url, {
      method: "OPTIONS",
      headers: { Origin: "https://app.test", "Access-Control-Request-Method": "PUT" },
    });

  it.each(["/users/@me", "/oauth2/token", "/nowhere"])("a preflight to %s is answered", async (path) => {
    const discord = await startForTest();
    const { status, headers } = await preflight(`${discord.url}/api/v10${path}`);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-allow-methods")).toBe("GET, POST, PUT, PATCH, DELETE");
    expect(headers.get("access-control-allow-headers")).toBe(
      "Authorization, Content-Type, X-Audit-Log-Reason",
    );
  });

  it("a page may read Retry-After and the rate limit headers", async () => {
    const discord = await startForTest();
    discord.fail({ kind: "rate-limited" });
    const { headers } = await callApi(discord, ME, { bot: true });
    const exposed = headers.get("access-control-expose-headers")?.toLowerCase().split(", ");
    const limits = [...headers.keys()].filter((name) => name.startsWith("x-ratelimit-"));
    expect(limits.length).toBeGreaterThan(0);
    expect(exposed).toEqual(expect.arrayContaining(["retry-after", "x-ratelimit-global", ...limits]));
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });

  it("the simulator's pages have no CORS headers", async () => {
    const discord = await startForTest();
    const { status, headers } = await preflight(authorizeUrl(discord));
    expect([status, headers.get("access-control-allow-origin")]).toEqual([405, null]);
  });

  it("a preflight uses up neither faults nor rate limits, and does not count as a call of its route", async () => {
    const discord = await startForTest();
    discord.limit({ route: "/users/@me", limit: 1, windowMs: 1000 });
    discord.fail({ kind: "status", status: 500 });
    discord.fail({ kind: "status", status: 503, route: "/users/@me" });
    await preflight(`${discord.url}/api/v10/users/@me`);
    const statuses = [];
    for (let count = 0; count < 4; count += 1) {
      statuses.push((await callApi(discord, ME, { bot: true })).status);
    }
    expect(statuses).toEqual([500, 503, 200, 429]);
    expect(discord.requestsTo("/users/@me")).toHaveLength(4);
    expect(discord.requestsTo("OPTIONS /users/@me")).toHaveLength(1);
  });
});

describe("HEAD", () => {
  it.each(["/api/v10/users/@me", "/api/v10/users/80351110224678912", "/.well-known/openid-configuration"])(
    "a HEAD request to %s has the headers of GET and no body",
    async (path) => {
      const discord = await startForTest();
      discord.addUser({ id: "80351110224678912" });
      const get = await callApi(discord, `GET ${path}`, { base: "", bot: true });
      const head = await callApi(discord, `HEAD ${path}`, { base: "", bot: true });
      expect([head.status, head.text]).toEqual([200, ""]);
      expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(get.text)));
    },
  );

  it("a HEAD request is refused if there is no GET", async () => {
    const discord = await startForTest();
    expect((await callApi(discord, "HEAD /oauth2/token")).status).toBe(405);
  });
});
