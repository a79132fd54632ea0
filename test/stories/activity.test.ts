import { generateKeyPairSync } from "node:crypto";
import express, { type Application } from "express";
import express4 from "express4";
import { describe, expect, it } from "vitest";
import {
  activityPayload,
  discordRouter,
  Forbidden,
  type RouterOptions,
  requiresActivity,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { headerAtEnd } from "../support/header-at-end.js";
import { lastError, signedInAs } from "../support/login.js";
import { failureOf } from "../support/signed-in.js";

async function startActivity(
  createApp: () => Application,
  options: RouterOptions = {},
  before?: (app: Application) => void,
) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    routes(to) {
      before?.(to);
      to.use("/api", discordRouter({ activityPath: "/token", ...options }));
    },
  });
  return { simulator, app, user: simulator.addUser(), browser: app.browser() };
}

describe.each(EXPRESS)("activityPath on %s", (_name, createApp) => {
  it.each<[string, ((app: Application) => void) | undefined]>([
    ["a body that it parses itself", undefined],
    ["a body that the app has parsed", (app) => app.use(express.json())],
    // The parsers of Express 4 set `req.body` to {} even if they leave the body to others.
    ["a body that a form parser has skipped", (app) => app.use(express4.urlencoded({ extended: false }))],
  ])("activityPath signs the visitor in, with %s", async (_what, before) => {
    const { simulator, user, browser } = await startActivity(createApp, {}, before);
    const code = simulator.authorizeInActivity(user);

    const answer = await browser.post("/api/token", { json: { code } });

    expect(Object.keys(answer.json<object>())).toEqual(["access_token"]);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("activityPath works behind middleware that changes headers when a response ends", async () => {
    const { simulator, user, browser } = await startActivity(createApp, {}, (app) => {
      app.use(headerAtEnd);
    });

    const answer = await browser.post("/api/token", { json: { code: simulator.authorizeInActivity(user) } });

    expect([answer.status, answer.headers.get("x-ended")]).toEqual([200, "yes"]);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("activityPath passes the login to onLogin, which may turn the visitor away", async () => {
    const seen: (string | undefined)[] = [];
    const { app, simulator, user, browser } = await startActivity(createApp, {
      onLogin(_req, { userId }) {
        seen.push(userId);
        throw new Forbidden("Closed.");
      },
    });

    const answer = await browser.post("/api/token", { json: { code: simulator.authorizeInActivity(user) } });

    expect(failureOf(answer)).toBe("403 forbidden");
    expect(lastError(app)).toBeInstanceOf(Forbidden);
    expect(seen).toEqual([user.id]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("a response that onLogin has sent at activityPath stays as it is", async () => {
    const { app, simulator, user, browser } = await startActivity(createApp, {
      onLogin: (_req, { userId }, res) => void res.status(201).json({ mine: userId }),
    });

    const answer = await browser.post("/api/token", { json: { code: simulator.authorizeInActivity(user) } });

    expect([answer.status, answer.json()]).toEqual([201, { mine: user.id }]);
    // Waits until the login has been recorded.
    await app.discord.close();
    expect(app.errors).toEqual([]);
  });

  it.each([
    ["a body that is not JSON", "{", 400, "code_malformed"],
    ["null", "null", 400, "code_malformed"],
    ["a list", "[]", 400, "code_malformed"],
    ["a body that is too large", JSON.stringify({ code: "a".repeat(20_000) }), 413, "body_too_large"],
  ])("activityPath refuses %s", async (_what, body, status, code) => {
    const { app } = await startActivity(createApp);

    const answer = await fetch(`${app.url}/api/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });

    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ code })]);
  });

  it("activityPath accepts only POST, and exists only if the app asks for it", async () => {
    const { browser } = await startActivity(createApp);
    const without = await startActivity(createApp, { activityPath: false });

    const answer = await browser.get("/api/token");

    expect(failureOf(answer)).toBe("405 method_not_allowed");
    expect(answer.headers.get("allow")).toBe("POST");
    expect((await without.browser.post("/api/token", { json: {} })).status).toBe(404);
  });
});

describe.each(EXPRESS)("Activities behind the simulator's proxy on %s", (_name, createApp) => {
  async function startBehindProxy() {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      session: { cookie: { secure: true, sameSite: "none", partitioned: true } },
      routes(to) {
        to.set("trust proxy", 1);
        to.use("/api", requiresActivity({ publicKey: simulator.publicKey }));
        to.use("/api", discordRouter({ activityPath: "/token" }));
      },
    });
    const { frameUrl } = await simulator.openActivity({ appUrl: app.url });
    const { origin } = new URL(frameUrl);
    const post = (url: string, headers: Readonly<Record<string, string>>) =>
      fetch(`${url}/api/token`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify({ code: simulator.authorizeInActivity(simulator.addUser()) }),
      });
    return { app, origin, post };
  }

  it("an Activity signs in from its own origin, and gets a partitioned cookie", async () => {
    const { origin, post } = await startBehindProxy();

    const answer = await post(origin, { Origin: origin });

    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toMatch(/; Secure; Partitioned; SameSite=None$/);
  });

  it("an Activity is not signed in from other origins, nor past the proxy", async () => {
    const { app, origin, post } = await startBehindProxy();

    const foreign = await post(origin, { Origin: "https://evil.example" });
    const past = await post(app.url, {});

    expect([foreign.status, await foreign.json()]).toEqual([
      403,
      expect.objectContaining({ code: "cross_site_request" }),
    ]);
    expect([past.status, await past.json()]).toEqual([
      401,
      expect.objectContaining({ code: "signature_invalid" }),
    ]);
  });
});

describe.each(EXPRESS)("requiresActivity on %s", (_name, createApp) => {
  async function startGuarded() {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator, {
      routes(to) {
        to.get("/in", requiresActivity({ publicKey: simulator.publicKey }), (req, res) => {
          res.json(activityPayload(req));
        });
        to.get("/out", (req, res) => void res.json({ payload: activityPayload(req) === undefined }));
      },
    });
    const visit = (headers: Readonly<Record<string, string>>) => app.browser().get("/in", { headers });
    return { simulator, clock, app, visit };
  }

  it("requiresActivity passes requests that Discord's proxy has signed, and reveals their payload", async () => {
    const { simulator, app, visit } = await startGuarded();

    const answer = await visit(simulator.activityHeaders({ user_id: "7" }));

    expect(answer.json()).toMatchObject({ user_id: "7", created_at: expect.any(Number) });
    const elsewhere = await app.browser().get("/out", { headers: simulator.activityHeaders() });
    expect(elsewhere.json()).toEqual({ payload: true });
  });

  it("requiresActivity also accepts a hexadecimal signature", async () => {
    const { simulator, visit } = await startGuarded();
    const headers = simulator.activityHeaders();
    const hex = Buffer.from(headers["X-Signature-Ed25519"] ?? "", "base64").toString("hex");

    expect((await visit({ ...headers, "X-Signature-Ed25519": hex })).status).toBe(200);
  });

  it.each<[string, (headers: Record<string, string>) => Record<string, string>]>([
    ["no headers", () => ({})],
    ["no payload", ({ "X-Discord-Proxy-Payload": _, ...rest }) => rest],
    ["no timestamp", ({ "X-Signature-Timestamp": _, ...rest }) => rest],
    ["another timestamp", (headers) => ({ ...headers, "X-Signature-Timestamp": "1" })],
    ["an invalid signature", (headers) => ({ ...headers, "X-Signature-Ed25519": "zz" })],
    ["another's signature", (headers) => ({ ...headers, "X-Signature-Ed25519": "ab".repeat(64) })],
    [
      "another payload",
      (headers) => ({
        ...headers,
        "X-Discord-Proxy-Payload": Buffer.from(
          Buffer.from(headers["X-Discord-Proxy-Payload"] ?? "", "base64")
            .toString()
            .replace("}", ',"a":1}'),
        ).toString("base64"),
      }),
    ],
  ])("requiresActivity refuses %s", async (_what, change) => {
    const { simulator, app, visit } = await startGuarded();

    expect(failureOf(await visit(change(simulator.activityHeaders())))).toBe("401 signature_invalid");
    expect(lastError(app)).toMatchObject({ code: "signature_invalid", status: 401 });
  });

  it.each([
    ["without an end", { expires_at: undefined }],
    ["with an end that is text", { expires_at: "9999999999" }],
    ["without a beginning", { created_at: undefined }],
    ["from the future", { created_at: 9_999_999_999 }],
  ])("requiresActivity refuses a payload signed %s", async (_what, payload) => {
    const { simulator, visit } = await startGuarded();

    expect(failureOf(await visit(simulator.activityHeaders(payload)))).toBe("401 signature_invalid");
  });

  it("requiresActivity refuses a payload that has expired, counting in seconds", async () => {
    const { simulator, clock, visit } = await startGuarded();
    const headers = simulator.activityHeaders();
    clock.advance(290_000);
    expect((await visit(headers)).status).toBe(200);
    clock.advance(12_000);

    expect(failureOf(await visit(headers))).toBe("401 signature_invalid");
  });

  it("requiresActivity refuses a signature made with another application's key", async () => {
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x ?? "";
    const simulator = await startSimulator();
    const publicKey = Buffer.from(other, "base64url").toString("hex");
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.get("/in", requiresActivity({ publicKey }), (_req, res) => void res.send("in")),
    });

    const answer = await app.browser().get("/in", { headers: simulator.activityHeaders() });

    expect(failureOf(answer)).toBe("401 signature_invalid");
  });

  it("requiresActivity says that the public key is missing if it is undefined", () => {
    const publicKey = undefined as unknown as string; // an environment variable that is not set
    expect(() => requiresActivity({ publicKey })).toThrow(
      "publicKey is missing. It must be the application's",
    );
  });

  it("requiresActivity throws without a public key", () => {
    for (const options of [{}, { publicKey: "abc" }, undefined, { publickey: "a".repeat(64) }])
      expect(() => requiresActivity(options as { publicKey: string })).toThrow(TypeError);
  });
});
