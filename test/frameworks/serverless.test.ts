import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import express from "express";
import session from "express-session";
import serverless from "serverless-http";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  redirectUnauthorized,
  requiresAuthorization,
  type WebhookEvent,
  webhookEvents,
} from "../../src/index.js";
import { startSimulator } from "../support/app.js";

/** The result of a Lambda function. */
interface Result {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, string[]>>;
  readonly cookies?: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

type ToEvent = (req: IncomingMessage, body: Buffer) => object;

/** Payload format 1.0, of REST APIs. */
const restEvent: ToEvent = ({ method, url = "/", headers, socket }, body) => {
  const { pathname, searchParams } = new URL(url, "http://gateway");
  const names = [...new Set(searchParams.keys())];
  const query = Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)]));
  return {
    httpMethod: method,
    path: pathname,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: Object.fromEntries(searchParams),
    multiValueQueryStringParameters: query,
    requestContext: { identity: { sourceIp: socket.remoteAddress } },
    body: body.toString("base64"),
    isBase64Encoded: true,
  };
};

/** Payload format 2.0, of HTTP APIs and function URLs, with cookies in a field of their own. */
const httpEvent: ToEvent = ({ method, url = "/", headers, socket }, body) => {
  const { pathname, search } = new URL(url, "http://gateway");
  const { cookie, ...others } = headers;
  return {
    version: "2.0",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: cookie?.split("; "),
    headers: others,
    requestContext: { http: { method, path: pathname, sourceIp: socket.remoteAddress } },
    body: body.toString("base64"),
    isBase64Encoded: true,
  };
};

/** Simulates API Gateway: turns requests into events, and results of the function into responses. */
async function startGateway(toEvent: ToEvent) {
  const simulator = await startSimulator();
  const url = "https://app.example";
  const app = express();
  const events: WebhookEvent[] = [];
  app.set("trust proxy", 1);
  app.use(
    session({
      secret: "a secret of the session cookie",
      resave: false,
      saveUninitialized: false,
      cookie: { secure: true, sameSite: "lax" },
    }),
  );
  simulator.addRedirectUri(`${url}/auth/callback`);
  const discord = new DiscordOAuth2Session(app, {
    ...simulator.options,
    redirectUri: `${url}/auth/callback`,
  });
  app.use("/auth", discordRouter({ afterLogin: "/me" }));
  app.get("/me", requiresAuthorization, async (req, res) => {
    res.json({ id: (await discord.fetchUser(req)).id });
  });
  const { publicKey } = simulator;
  app.post("/events", webhookEvents({ publicKey, onEvent: (event) => void events.push(event) }));
  app.use(redirectUnauthorized("/auth/login"));
  const invoke = serverless(app);

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const result = (await invoke(toEvent(req, await buffer(req)), {})) as Result;
    const { statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded } = result;
    const cookieHeader = cookies && cookies.length > 0 && { "set-cookie": [...cookies] };
    res.writeHead(statusCode, { ...headers, ...multiValueHeaders, ...cookieHeader });
    res.end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
  }
  const gateway = createServer((req, res) => void answer(req, res));
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  const via = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    await discord.close();
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
  });
  return { simulator, via, events, browser: simulator.browser(url, { via }) };
}

describe.each([
  ["a REST API", restEvent],
  ["an HTTP API", httpEvent],
])("Lambda functions behind %s", (name, toEvent) => {
  it(`an app in a Lambda function behind ${name} signs visitors in, guards pages and signs them out`, async () => {
    const { simulator, browser } = await startGateway(toEvent);
    const user = simulator.addUser();
    const accept = { headers: { Accept: "text/html" } };

    expect((await browser.get("/me?page=2&page=3", accept)).location).toBe(
      `/auth/login?returnTo=${encodeURIComponent("/me?page=2&page=3")}`,
    );
    const callback = await browser.signIn("/auth/login?returnTo=/me%3Fpage%3D2", { user });
    expect([callback.status, callback.location]).toEqual([302, "/me?page=2"]);
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });

    await browser.post("/auth/logout", { headers: { "Sec-Fetch-Site": "same-origin" } });
    expect((await browser.get("/me")).status).toBe(401);
  });

  it(`an app in a Lambda function behind ${name} receives webhook events, and refuses forged ones`, async () => {
    const { simulator, via, events } = await startGateway(toEvent);
    const event = { type: "ENTITLEMENT_CREATE", data: { name: "Zoë" } };

    const right = await simulator.sendWebhookEvent(`${via}/events`, event);
    const wrong = await simulator.sendWebhookEvent(`${via}/events`, event, { wrongSignature: true });

    expect([right.status, wrong.status]).toEqual([204, 401]);
    await expect.poll(() => events.map(({ type }) => type)).toEqual(["ENTITLEMENT_CREATE"]);
  });
});
