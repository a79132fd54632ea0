import http from "node:http";
import https, { get as httpsGet } from "node:https";
import { getGlobalDispatcher, fetch as undiciFetch, request as undiciRequest } from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { startDiscord } from "../../src/testing/index.js";
import { approved, authorizeUrl, CALLBACK } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const ME = "https://discord.com/api/v10/users/@me";

async function intercepted() {
  const discord = await startForTest();
  const stop = await discord.intercept();
  onTestFinished(stop);
  return { discord, stop, headers: { Authorization: `Bot ${discord.options.botToken}` } };
}

function answerOf(request: http.ClientRequest): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request.once("error", reject).once("response", async (response: http.IncomingMessage) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
      resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
    });
    request.end();
  });
}

describe("intercepted calls", () => {
  it("the built-in fetch reaches the simulator, whatever Discord's host", async () => {
    const { discord, headers } = await intercepted();
    for (const host of ["discord.com", "canary.discord.com", "discordapp.com"]) {
      const response = await fetch(`https://${host}/api/v10/users/@me?x=1`, { headers });
      expect([response.status, (await response.json()) as object]).toMatchObject([200, { bot: true }]);
    }
    expect(discord.requests.map(({ query }) => query)).toEqual([{ x: "1" }, { x: "1" }, { x: "1" }]);
  });

  it("the built-in fetch reaches the simulator with a Content-Length of its own", async () => {
    const { discord } = await intercepted();
    const body = new TextEncoder().encode("token=1");
    const headers = {
      "Content-Length": String(body.length),
      "Content-Type": "application/x-www-form-urlencoded",
    };
    const url = "https://discord.com/api/oauth2/token/revoke";
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(401);
    expect(discord.requestsTo("POST /oauth2/token/revoke")).toMatchObject([{ form: { token: "1" } }]);
  });

  it("undici reaches the simulator", async () => {
    const { headers } = await intercepted();
    expect((await undiciFetch(ME, { headers })).status).toBe(200);
    const { statusCode, body } = await undiciRequest(ME, { headers });
    expect([statusCode, await body.json()]).toMatchObject([200, { bot: true }]);
  });

  it("node:https and node:http reach the simulator, however they are imported", async () => {
    const { discord, headers } = await intercepted();
    const requests = [
      https.request(ME, { headers }),
      httpsGet(ME, { headers }),
      http.get("http://discord.com/api/users/@me", { headers }),
    ];
    for (const request of requests) {
      const { status, text } = await answerOf(request);
      expect([status, JSON.parse(text)]).toMatchObject([200, { bot: true }]);
    }
    expect(discord.requestsTo("GET /users/@me")).toHaveLength(3);
  });

  it("the body of a call reaches the simulator", async () => {
    const { discord } = await intercepted();
    const { code = "" } = await approved(discord, discord.addUser());
    const { clientId, clientSecret } = discord.options;
    const body = new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: "authorization_code",
      code,
      redirect_uri: CALLBACK,
    });
    const request = https.request("https://discord.com/api/oauth2/token", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    request.write(body.toString());
    expect((await answerOf(request)).status).toBe(200);
    const again = await fetch("https://discord.com/api/oauth2/token", { method: "POST", body });
    expect([again.status, await again.json()]).toMatchObject([400, { error: "invalid_grant" }]);
  });

  it("requests for images reach the simulator", async () => {
    await intercepted();
    for (const host of ["cdn.discordapp.com", "media.discordapp.net"]) {
      const response = await fetch(`https://${host}/embed/avatars/0.png`);
      expect(response.headers.get("content-type")).toBe("image/png");
    }
  });

  it("a call with a path like //host reaches the simulator, not that host", async () => {
    const { discord } = await intercepted();
    const url = "https://discord.com//127.0.0.1:1/x";
    // As through a proxy: otherwise the interceptor itself mistakes the path for a host.
    const call = answerOf(https.get({ host: "discord.com", path: url }));
    expect([(await fetch(url)).status, (await call).status]).toEqual([404, 404]);
    expect(discord.requests.map(({ path }) => path)).toEqual(["//127.0.0.1:1/x", "//127.0.0.1:1/x"]);
  });

  it("a call fails if the simulator fails", async () => {
    const { discord } = await intercepted();
    discord.fail({ kind: "reset", times: 3 });
    await expect(fetch(ME)).rejects.toThrow();
    await expect(answerOf(https.get(ME))).rejects.toThrow();
    await expect(undiciRequest(ME)).rejects.toThrow();
  });
});

it("an interception leaves calls to other hosts alone", async () => {
  const { discord } = await intercepted();
  const other = await startForTest();
  for (const url of [other.url, other.url.replace("127.0.0.1", "localhost")]) {
    const request = http.get(`${url}/api/users/@me`);
    await answerOf(request).catch(() => undefined);
  }
  await fetch(`${other.url}/api/users/@me`);
  expect(other.requests.length).toBeGreaterThanOrEqual(2);
  expect(discord.requests).toEqual([]);
});

it("authorize URLs of the real Discord are approved by the simulator until it stops", async () => {
  const { discord, stop } = await intercepted();
  const user = discord.addUser();
  const url = authorizeUrl(discord).replace(discord.url, "https://discord.com");
  expect(await discord.approve(url, { user })).toContain(`${CALLBACK}?code=`);
  stop();
  await expect(discord.approve(url, { user })).rejects.toThrow("leads to the real Discord");
});

describe("the end of an interception", () => {
  async function reached(...simulators: DiscordSimulator[]): Promise<number[]> {
    await fetch(ME);
    await answerOf(https.get(ME));
    return simulators.map(({ requests }) => requests.length);
  }

  it("an interception ends when it is stopped, and the newest of several counts", async () => {
    const former = getGlobalDispatcher();
    const first = await intercepted();
    const second = await startForTest();
    const stopSecond = await second.intercept();
    onTestFinished(stopSecond);
    expect(await reached(first.discord, second)).toEqual([0, 2]);
    stopSecond();
    expect(await reached(first.discord, second)).toEqual([2, 2]);
    first.stop();
    expect(getGlobalDispatcher()).toBe(former);
  });

  it("an interception ends when the simulator closes", async () => {
    const former = getGlobalDispatcher();
    const discord = await startDiscord();
    await discord.intercept();
    expect(getGlobalDispatcher()).not.toBe(former);
    await discord.close();
    expect(getGlobalDispatcher()).toBe(former);
  });
});

it("an interception without http does not change node:http and node:https", async () => {
  const formerGet = https.get;
  const discord = await startForTest();
  onTestFinished(await discord.intercept({ http: false }));
  expect((await fetch(ME)).status).toBe(401);
  expect(https.get).toBe(formerGet);
  onTestFinished(await discord.intercept());
  expect(https.get).not.toBe(formerGet);
});

it("several interceptions that begin and end at once leave nothing behind", async () => {
  const [former, formerGet] = [getGlobalDispatcher(), https.get];
  const discord = await startForTest();
  const stops = await Promise.all([discord.intercept(), discord.intercept(), discord.intercept()]);
  for (const stop of [...stops, ...stops]) stop();
  expect([getGlobalDispatcher(), https.get]).toEqual([former, formerGet]);
});

it("an interception that cannot redirect undici does not redirect node:https either", async () => {
  const formerGet = https.get;
  const discord = await startForTest();
  const realm = globalThis as Record<symbol, unknown>;
  const key = Symbol.for("undici.globalDispatcher.1");
  const former = realm[key];
  onTestFinished(() => {
    realm[key] = former;
  });
  realm[key] = { dispatch: () => true };

  await expect(discord.intercept()).rejects.toThrow(TypeError);
  expect(https.get).toBe(formerGet);
});

it("an interception that begins while the simulator closes leaves nothing behind", async () => {
  const [former, formerGet] = [getGlobalDispatcher(), https.get];
  const discord = await startDiscord();
  const pending = discord.intercept();
  const refused = expect(pending).rejects.toThrow("the simulator was closed");
  await discord.close();
  await refused;

  expect([getGlobalDispatcher(), https.get]).toEqual([former, formerGet]);
});

it("an interception refuses to run in production", async () => {
  const discord = await startForTest();
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  const former = getGlobalDispatcher();
  await expect(discord.intercept()).rejects.toThrow("NODE_ENV is production");
  expect(getGlobalDispatcher()).toBe(former);
});

it("stopping one interception twice leaves the others", async () => {
  const { discord, headers } = await intercepted();
  const stop = await discord.intercept();
  stop();
  stop();
  expect((await fetch(ME, { headers })).status).toBe(200);
});
