import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HttpException, requiresGuild, requiresScopes } from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { CASES } from "../support/cases.js";
import { openLogin, withQuery } from "../support/login.js";
import { startSignedIn } from "../support/signed-in.js";

/**
 * One character of each kind that must not reach a log: C0, DEL, C1, line separators, and changes of the text
 * direction.
 */
const HOSTILE =
  "\n\r\u0000\u001b[31m\u007f\u0085\u009b\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069";
const FORBIDDEN = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Everything in an error that an app would write to its log. */
function logged(error: unknown): string {
  const { message, error: code, description, route } = error as HttpException;
  return [message, code, description, route].join(" ");
}

describe.each(LATEST_EXPRESS)("logs of %s", (_name, createApp) => {
  it("a request to the callback cannot write control characters to the log", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    for (const error of [`a${HOSTILE}b`, "invalid_scope"]) {
      const browser = app.browser();
      const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
      await browser.get(
        withQuery(callbackUrl, { code: undefined, error, error_description: `forged${HOSTILE}line` }),
      );
      expect(app.errors.at(-1)).toMatchObject({ code: "authorization_failed" });
      expect(logged(app.errors.at(-1))).toContain("forged");
      expect(logged(app.errors.at(-1))).not.toMatch(FORBIDDEN);
    }
  });

  it("ids, routes, headers and paths from a visitor cannot write control characters to the log", async () => {
    let attempt: (req: Request) => Promise<unknown> = async () => undefined;
    const answer: RequestHandler = (_req, res) => void res.json({});
    const { app, browser, simulator } = await startSignedIn(createApp, {
      routes(to, discord) {
        to.get(
          "/try",
          forward((req) => attempt(req)),
        );
        to.get(
          "/guild/:id",
          requiresGuild((req) => req.params["id"]),
          answer,
        );
        to.get("/scopes/:any", requiresScopes("guilds"), answer);
        void discord;
      },
    });
    const { discord } = app;
    const text = `x${HOSTILE}y`;
    for (const next of [
      (req: Request) => discord.fetchMember(req, text),
      (req: Request) => discord.request(req, text),
      (req: Request) => discord.request(req, `/${text}`),
      (req: Request) => discord.request(req, "/users/@me", { method: text }),
      (req: Request) => discord.request(req, "/users/@me", { headers: { [text]: "x" } }),
      (req: Request) => discord.request(req, "/users/@me", { headers: { "x-y": text } }),
      (req: Request) => discord.request(req, "/users/@me", { [text]: 1 } as never),
      async () => discord.deauthorize(text),
    ]) {
      attempt = next;
      await browser.get("/try");
      expect(app.errors.at(-1)).toBeInstanceOf(TypeError);
      expect(logged(app.errors.at(-1))).not.toMatch(FORBIDDEN);
    }
    for (const path of ["/guild/", "/scopes/"]) {
      expect((await browser.get(path + encodeURIComponent(text))).status).toBe(403);
      expect(logged(app.errors.at(-1))).not.toMatch(FORBIDDEN);
    }
    expect(simulator.requests).toEqual([]);
  });

  it("an error page with the message of a refusal has no markup from the visitor's URL", async () => {
    const { browser } = await startSignedIn(createApp, {
      routes(to, discord) {
        to.get(
          "/guild/:id",
          requiresGuild((req) => req.params["id"]),
        );
        to.get(
          "/member/:id",
          forward((req) => discord.fetchMember(req, String(req.params["id"]))),
        );
        to.get(
          "/roles/:id",
          forward((req) => discord.botRequest(`/guilds/${req.params["id"]}/roles`)),
        );
        const answerInHtml: ErrorRequestHandler = (error, _req, res, _next) => {
          res.status(error.status).send(error.message);
        };
        to.use(answerInHtml);
      },
    });
    for (const [path, status] of [
      ["/guild/", 403],
      ["/member/", 400],
      ["/roles/", 404],
    ] as const) {
      const page = await browser.get(path + encodeURIComponent("<svg/onload=alert(1)>"));
      expect(page.status).toBe(status);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect(page.text).toContain("svg/onload");
      expect(page.text).not.toContain("<");
    }
  });

  it("responses of Discord cannot write control characters to the log", async () => {
    const { app, browser, simulator } = await startSignedIn(createApp);
    const body = { message: `No${HOSTILE}such user`, code: 10013 };
    simulator.fail({ kind: "status", status: 404, route: "/users/@me", body });

    await browser.get("/user?fresh=true");

    expect(logged(app.errors.at(-1))).toContain("such user");
    expect(logged(app.errors.at(-1))).not.toMatch(FORBIDDEN);
  });

  it("a stranger's Host header reaches no log, not even through the errors of other visitors", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", note);
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { redirectUri: "http://example.com/callback" },
    });
    for (const host of ["buy-now.evil.example.com", "other.example.com", "www.example.com"])
      await app.browser().get("/login", { headers: { Host: host } });
    await app.browser().get("/callback?state=x&code=y", { headers: { Host: "example.com" } });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);

    const said = [...warnings, String(app.errors.at(-1))].join("\n");
    expect(said).not.toContain("buy-now");
    expect(said).not.toContain("other.example.com");
    // The stranger has not used up the warning about a host that an operator has configured.
    expect(
      warnings.filter((warning) => warning.startsWith("A login started on www.example.com")),
    ).toHaveLength(1);
    expect(warnings.filter((warning) => warning.startsWith("A login started on a subdomain"))).toHaveLength(
      1,
    );
  });
});

it("the text of an HttpException never has control characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const error = new HttpException({
        message: text,
        code: "discord_error",
        status: 400,
        description: text,
      });
      expect(logged(error)).not.toMatch(FORBIDDEN);
      expect(error.stack?.split("\n    at ")[0]).not.toMatch(/[^\n\P{Cc}]/u);
      expect(error.message.isWellFormed()).toBe(true);
    }),
    CASES,
  );
});
