import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ActivityOptions, DiscordSimulator } from "../../src/testing/index.js";
import { callApi, requestToken } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

/** A small app that echoes its requests. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const echo: RequestListener = async (req, res) => {
  let body = "";
  for await (const chunk of req) body += String(chunk);
  const { headers, method, url } = req;
  res.setHeader("Set-Cookie", ["a=1; Secure", "b=2"]);
  res.setHeader("Content-Type", "application/json");
  res.statusCode = 201;
  res.end(JSON.stringify({ method, url, headers, body }));
};

async function openEcho(path = "", options: Partial<ActivityOptions> = {}) {
  const discord = await startForTest();
  const appUrl = await listen(echo);
  const activity = await discord.openActivity({ appUrl: appUrl + path, ...options });
  const { origin } = new URL(activity.frameUrl);
  async function visit(target: string, init?: RequestInit): Promise<Echo> {
    return (await fetch(origin + target, init)).json() as Promise<Echo>;
  }
  return { discord, appUrl, activity, origin, visit };
}

describe("the proxy of an Activity", () => {
  it("the Activity's proxy forwards requests to the app, and its answers back", async () => {
    const { appUrl, origin } = await openEcho();

    const answer = await fetch(`${origin}/a%20b?c=d`, { method: "PUT", body: "hello" });

    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual(["a=1; Secure", "b=2"]);
    expect(await answer.json()).toMatchObject({
      method: "PUT",
      url: "/a%20b?c=d",
      body: "hello",
      headers: { host: new URL(appUrl).host },
    });
  });

  it("the Activity's proxy says that the browser uses https, and the host name", async () => {
    const { discord, visit } = await openEcho();
    const host = `${discord.options.clientId}.discordsays.com`;

    expect((await visit("/")).headers).toMatchObject({
      "x-forwarded-proto": "https",
      "x-forwarded-host": host,
      "x-forwarded-for": expect.stringContaining("127.0.0.1"),
    });
  });

  it("the Activity's proxy replaces the Activity's origin with that at Discord, and no other", async () => {
    const { discord, origin, visit } = await openEcho();
    const own = `https://${discord.options.clientId}.discordsays.com`;
    const headersWith = async (headers: Record<string, string>) => (await visit("/", { headers })).headers;

    expect(await headersWith({ Origin: origin, Referer: `${origin}/a?b` })).toMatchObject({
      origin: own,
      referer: `${own}/a?b`,
    });
    for (const other of ["https://evil.example", "null", `${origin}0`])
      expect((await headersWith({ Origin: other })).origin).toBe(other);
  });

  it("the Activity's proxy signs requests, whatever the client has sent, unless it is told not to", async () => {
    const { visit } = await openEcho();
    const unsigned = await openEcho("", { signed: false });
    const names = ["x-signature-ed25519", "x-signature-timestamp", "x-discord-proxy-payload"];

    const { headers } = await visit("/", { headers: { "X-Discord-Proxy-Payload": "mine" } });

    expect(names.map((name) => typeof headers[name])).toEqual(["string", "string", "string"]);
    expect(headers["x-discord-proxy-payload"]).not.toContain("mine");
    const without = (await unsigned.visit("/")).headers;
    expect(names.filter((name) => name in without)).toEqual([]);
  });

  it.each([
    ["/.proxy/api/me?a=b", "/api/me?a=b"],
    ["/.proxy", "/"],
    ["/.proxyless", "/.proxyless"],
  ])("the Activity's proxy removes the prefix /.proxy from %s", async (path, expected) => {
    const { visit } = await openEcho();

    expect((await visit(path)).url).toBe(expected);
  });

  it("the Activity's proxy uses the folder of appUrl", async () => {
    const { visit } = await openEcho("/game/");

    expect((await visit("/api/me")).url).toBe("/game/api/me");
  });

  it("the Activity's proxy says in plain words that the app does not answer", async () => {
    const discord = await startForTest();
    const activity = await discord.openActivity({ appUrl: "http://localhost:1" });

    const answer = await fetch(activity.frameUrl);

    expect([answer.status, await answer.text()]).toEqual([
      502,
      expect.stringContaining("Nothing answers at http://localhost:1/, the appUrl of this Activity"),
    ]);
  });

  it("the Activity's proxy cuts the answer short if the app does, and goes on", async () => {
    const discord = await startForTest();
    const appUrl = await listen((req, res) => {
      if (req.url === "/whole") res.end("whole");
      else res.writeHead(200, { "Content-Length": "9" }).write("half", () => res.destroy());
    });
    const { origin } = new URL((await discord.openActivity({ appUrl })).frameUrl);

    await expect(fetch(`${origin}/half`).then((answer) => answer.text())).rejects.toThrow();
    expect(await (await fetch(`${origin}/whole`)).text()).toBe("whole");
  });

  describe("WebSockets", () => {
    async function openSockets() {
      const discord = await startForTest();
      const origins: (string | undefined)[] = [];
      const server = createServer().listen(0);
      await once(server, "listening");
      server.on("upgrade", (req, socket) => {
        origins.push(req.headers.origin);
        if (req.url !== "/ws") return void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ",
        );
        socket.on("error", () => undefined).pipe(socket);
        return undefined;
      });
      const sockets = new Set<Duplex>();
      server.on("connection", (socket) => sockets.add(socket));
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      const appUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
      const activity = await discord.openActivity({ appUrl });
      const { origin } = new URL(activity.frameUrl);
      const connect = (path: string) =>
        request(origin + path, {
          headers: { Connection: "Upgrade", Upgrade: "websocket", Origin: origin },
        }).end();
      return { discord, activity, origins, connect };
    }

    it("a WebSocket works in both directions, with the origin at Discord, until the proxy closes", async () => {
      const { discord, activity, origins, connect } = await openSockets();

      const [, socket, head] = (await once(connect("/ws"), "upgrade")) as [unknown, Duplex, Buffer];
      const ended = once(
        socket.on("error", () => undefined),
        "close",
      );
      let received = head.toString();
      socket.setEncoding("utf8").on("data", (text: string) => {
        received += text;
      });
      socket.write("world");
      await expect.poll(() => received).toBe("hello world");

      expect(origins).toEqual([`https://${discord.options.clientId}.discordsays.com`]);
      await activity.close();
      await ended;
    });

    it("a WebSocket gets the refusal of the app", async () => {
      const { connect } = await openSockets();

      const [answer] = (await once(connect("/elsewhere"), "response")) as [IncomingMessage];
      answer.resume();

      expect(answer.statusCode).toBe(403);
    });

    it("a WebSocket fails if no app answers", async () => {
      const discord = await startForTest();
      const { frameUrl } = await discord.openActivity({ appUrl: "http://localhost:1" });
      const headers = { Connection: "Upgrade", Upgrade: "websocket" };

      await expect(once(request(frameUrl, { headers }).end(), "upgrade")).rejects.toThrow("hang up");
    });
  });

  it("the Activity's proxy ends with close(), and with the simulator", async () => {
    const { discord, activity, appUrl } = await openEcho();
    const second = await discord.openActivity({ appUrl });
    await activity.close();

    await expect(fetch(activity.frameUrl)).rejects.toThrow();
    expect((await fetch(activity.url)).status).toBe(400);
    expect((await fetch(second.frameUrl)).status).toBe(201);
    await discord.close();
    await expect(fetch(second.frameUrl)).rejects.toThrow();
  });
});

describe("open Activities", () => {
  it.each(["localhost:3000", "/app", "", "ftp://localhost"])(
    "no Activity is opened for the appUrl %j",
    async (appUrl) => {
      const discord = await startForTest();

      await expect(discord.openActivity({ appUrl })).rejects.toThrow(TypeError);
    },
  );

  it("an Activity learns where it runs as Discord tells it", async () => {
    const discord = await startForTest();
    const guild = discord.addGuild();
    const instance = discord.addActivityInstance({ guild });
    const { frameUrl } = await discord.openActivity({
      appUrl: "http://localhost:1",
      instance,
      platform: "mobile",
    });

    const channelId = guild.channels[0]!.id;
    expect(Object.fromEntries(new URL(frameUrl).searchParams)).toEqual({
      instance_id: instance.id,
      location_id: `gc-${guild.id}-${channelId}`,
      launch_id: instance.launchId,
      channel_id: channelId,
      guild_id: guild.id,
      frame_id: expect.stringMatching(/^[\da-f-]{36}$/),
      platform: "mobile",
    });
  });

  it("an Activity is on another site than the client's page, even if that is on localhost", async () => {
    const hostsOf = async (discord: DiscordSimulator) => {
      const { frameUrl, url } = await discord.openActivity({ appUrl: "http://localhost:1" });
      return [new URL(url).hostname, new URL(frameUrl).hostname];
    };

    expect(await hostsOf(await startForTest())).toEqual(["127.0.0.1", "localhost"]);
    const named = await startForTest({ publicUrl: "http://localhost:4000" });
    expect(await hostsOf(named)).toEqual(["localhost", "127.0.0.1"]);
  });

  it("an Activity is linked from the start page", async () => {
    const { discord, activity, appUrl } = await openEcho();
    const { pathname } = new URL(activity.url);

    expect(await (await fetch(discord.url)).text()).toContain(`<a href="${pathname}">${appUrl}</a>`);
  });
});

describe("the client's page", () => {
  async function openClient(options: Partial<ActivityOptions> = {}) {
    const { discord, activity } = await openEcho("", options);
    const { options: client } = discord;
    async function send(message: unknown, consented?: string) {
      const answer = await fetch(`${activity.url}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ message, consented }),
      });
      return answer.json() as Promise<{
        message?: [number, Record<string, unknown>];
        consent?: string;
        status?: string;
      }>;
    }
    const authorize = (args: object) => [1, { cmd: "AUTHORIZE", nonce: "n", args }];
    const asked = { client_id: client.clientId, scope: ["identify", "guilds"], response_type: "code" };
    return { discord, activity, send, authorize, asked };
  }

  it("the client's page loads nothing from elsewhere, and cannot be framed", async () => {
    const { activity } = await openClient();
    const { headers } = await fetch(activity.url);

    expect(headers.get("content-security-policy")).toMatch(
      new RegExp(
        `script-src 'nonce-\\w+'; connect-src 'self'; frame-src 'self' ${new URL(activity.frameUrl).origin}$`,
      ),
    );
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });

  it("the client's page gives the code of the consent page, which needs no redirect URI", async () => {
    const { discord, send, authorize, asked } = await openClient();
    const user = discord.addUser();
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const message = authorize({ ...asked, code_challenge: challenge, code_challenge_method: "S256" });

    const { consent = "" } = await send(message);
    const page = await fetch(discord.url + consent);
    const ended = await fetch(discord.url + consent, {
      method: "POST",
      body: new URLSearchParams({ user_id: user.id, decision: "authorize" }),
    });
    const { message: reply } = await send(message, new URL(ended.url).search);

    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'self'");
    expect(await page.text()).not.toContain("You will be sent to");
    const code = String((reply?.[1]["data"] as { code?: unknown } | undefined)?.code);
    expect(reply).toEqual([1, { cmd: "AUTHORIZE", evt: null, nonce: "n", data: { code } }]);
    const grant = { grant_type: "authorization_code", code };
    const refused = await requestToken(discord, { ...grant, code_verifier: "a".repeat(43) });
    expect(refused.body).toMatchObject({ error: "invalid_grant" });
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect((await requestToken(discord, { ...grant, code_verifier: verifier })).body).toMatchObject({
      scope: "identify guilds",
    });
  });

  it("the client's page says access_denied after Cancel, and after the page was closed", async () => {
    const { discord, send, authorize, asked } = await openClient();
    const { consent = "" } = await send(authorize(asked));
    const body = new URLSearchParams({ user_id: discord.addUser().id, decision: "cancel" });
    const ended = await fetch(discord.url + consent, { method: "POST", body });

    for (const query of [new URL(ended.url).search, ""]) {
      expect((await send(authorize(asked), query)).message).toEqual([
        1,
        {
          cmd: "AUTHORIZE",
          evt: "ERROR",
          nonce: "n",
          data: {
            code: 5000,
            message:
              "OAuth2 Error: access_denied: The resource owner or authorization server denied the request",
          },
        },
      ]);
    }
  });

  it("the client's page skips the consent with prompt=none if it was given before", async () => {
    const { discord, send, authorize, asked } = await openClient();
    const user = discord.addUser();
    discord.issueToken(user, ["identify", "guilds"]);
    const { consent = "" } = await send(authorize({ ...asked, prompt: "none" }));

    const headers = { Cookie: `simulated-discord-user=${user.id}` };
    const ended = await fetch(discord.url + consent, { headers });

    expect(new URL(ended.url).searchParams.get("code")).toMatch(/^\w{30}$/);
  });

  it("the client's page signs the owner of the token in to the Activity", async () => {
    const { discord, activity, send } = await openClient();
    const user = discord.addUser({ global_name: "Mira" });
    const { access_token } = discord.issueToken(user, ["identify"]);

    const { message, status } = await send([1, { cmd: "AUTHENTICATE", nonce: "n", args: { access_token } }]);

    const { discriminator, global_name, avatar, public_flags, username } = user.payload;
    expect(message?.[1]["data"]).toEqual({
      access_token,
      user: { id: user.id, username, discriminator, global_name, avatar, public_flags },
      scopes: ["identify"],
      expires: expect.stringContaining("T"),
      application: { id: discord.options.clientId, name: "Test app", icon: null, description: "" },
    });
    expect(status).toBe("Mira is signed in.");
    const path = `/applications/${discord.options.clientId}/activity-instances/${activity.instance.id}`;
    expect((await callApi(discord, `GET ${path}`, { bot: true })).body.users).toEqual([user.id]);
  });

  it("the client's page answers the handshake, and refuses another application's", async () => {
    const { discord, send } = await openClient();

    const ready = await send([0, { v: 1, encoding: "json", client_id: discord.options.clientId }]);
    const refused = await send([0, { v: 1, encoding: "json", client_id: "7" }]);

    expect(ready.message).toMatchObject([1, { cmd: "DISPATCH", evt: "READY", nonce: null, data: { v: 1 } }]);
    expect(refused.message).toEqual([2, { code: 4000, message: "Invalid Client ID" }]);
    expect(refused.status).toContain("its client id is 7");
  });

  it.each([
    ["an unknown command", { cmd: "GET_CHANNEL" }, 4002, /does not know GET_CHANNEL\. It knows AUTHORIZE, /],
    ["a command that only looks like one", { cmd: "toString" }, 4002, /does not know toString/],
    ["no command", {}, 4002, /does not know undefined/],
    ["another client's authorization", { cmd: "AUTHORIZE", args: { client_id: "7" } }, 4007, /Client ID/],
    ["a token that is none", { cmd: "AUTHENTICATE", args: {} }, 4009, /access token/],
  ])("the client's page refuses %s", async (_what, command, code, message) => {
    const { send } = await openClient();

    const reply = (await send([1, { nonce: "n", ...command }])).message;

    expect(reply).toMatchObject([
      1,
      { evt: "ERROR", nonce: "n", data: { code, message: expect.stringMatching(message) } },
    ]);
  });

  it("the client's page refuses scopes that are not a list", async () => {
    const { send, authorize, asked } = await openClient();

    const reply = await send(authorize({ ...asked, scope: "identify" }));

    expect(reply.message?.[1]).toMatchObject({ evt: "ERROR", data: { code: 4000 } });
  });

  it.each([[[9, {}]], [[1]], [[1, null]], ["axe"], [null], [{}]])(
    "the client's page does not answer %j",
    async (message) => {
      const { send } = await openClient();

      expect(await send(message)).toEqual({});
    },
  );

  it("the client's page says that the Activity has ended the connection", async () => {
    const { send } = await openClient();

    expect(await send([2, { code: 1000, message: "Bye." }])).toEqual({
      status: "The Activity has ended the connection: Bye.",
    });
  });

  it.each(["GET /activities/x", "POST /activities/x/messages", "GET /activities/x/authorize"])(
    "an Activity that nobody has opened has no page: %s",
    async (endpoint) => {
      const discord = await startForTest();
      const answer = await callApi(discord, endpoint, { base: "" });

      expect([answer.status, answer.text]).toEqual([
        400,
        expect.stringContaining("This Activity is not open"),
      ]);
    },
  );
});
