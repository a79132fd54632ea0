import "reflect-metadata";
import { readFileSync } from "node:fs";
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Module,
  Req,
  UseGuards,
} from "@nestjs/common";
import { BaseExceptionFilter, NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Request, Response } from "express";
import session from "express-session";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  type ErrorCode,
  requiresAuthorization,
  requiresScopes,
  type WebhookEvent,
  webhookEvents,
} from "../../src/index.js";
import { startSimulator } from "../support/app.js";

const discordOf = (req: Request): DiscordOAuth2Session => req.app.get("discord");

class SignedIn implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<Request>();
    return (await discordOf(req).grantedScopes(req)).length > 0;
  }
}

class Pages {
  async me(req: Request) {
    const fresh = "fresh" in req.query;
    return { id: (await discordOf(req).fetchUser(req, { fresh })).id };
  }
  async guilds(req: Request) {
    return (await discordOf(req).fetchGuilds(req)).length;
  }
  member(req: Request) {
    return discordOf(req).fetchMember(req, String(req.params["id"]));
  }
  bug() {
    throw new TypeError("A secret of the app.");
  }
  middleware() {
    return { passed: true };
  }
  behindGuard() {
    return { passed: true };
  }
}

class AppModule {}

// Applies decorators without their syntax, because TypeScript and Nest use different dialects.
Controller()(Pages);
const routes: readonly (readonly [keyof Pages, path: string])[] = [
  ["me", "me"],
  ["guilds", "guilds"],
  ["member", "member/:id"],
  ["bug", "bug"],
  ["middleware", "middleware"],
  ["behindGuard", "guard"],
];
for (const [method, path] of routes) {
  const descriptor = Object.getOwnPropertyDescriptor(Pages.prototype, method) ?? {};
  Get(path)(Pages.prototype, method, descriptor);
  Req()(Pages.prototype, method, 0);
  if (method === "behindGuard") UseGuards(SignedIn)(Pages.prototype, method, descriptor);
}
Module({ controllers: [Pages] })(AppModule);

/** The filter from the guide. The last test compares the two. */
interface HttpError extends Error {
  readonly statusCode: number;
  readonly expose: boolean;
  readonly code?: string;
  readonly headers?: Record<string, string>;
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && "statusCode" in error && "expose" in error;
}

class DiscordErrors extends BaseExceptionFilter {
  override catch(thrown: unknown, host: ArgumentsHost): void {
    // NestJS wraps what a middleware passes to next.
    const error = thrown instanceof HttpException ? thrown.cause : thrown;
    if (!isHttpError(error)) {
      super.catch(thrown, host);
      return;
    }
    const { statusCode, code, expose, headers = {} } = error;
    host.switchToHttp().getResponse<Response>().set(headers);
    const message = expose ? error.message : "Something went wrong";
    super.catch(new HttpException({ statusCode, code, message }, statusCode, { cause: error }), host);
  }
}
Catch()(DiscordErrors);

async function startNest({ filter = false } = {}) {
  const simulator = await startSimulator();
  const events: WebhookEvent[] = [];
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { rawBody: true, logger: false });
  app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  app.use("/auth", discordRouter({ afterLogin: "/me" }));
  app.use("/middleware", requiresAuthorization);
  app.use("/scopes", requiresScopes("guilds"));
  const { publicKey } = simulator;
  // One way is to mount it before Nest's body parser, the other is rawBody, as here.
  app.useBodyParser("json");
  app.use("/events", webhookEvents({ publicKey, onEvent: (event) => void events.push(event) }));
  if (filter) app.useGlobalFilters(new DiscordErrors(app.getHttpAdapter()));
  await app.listen(0, "127.0.0.1");
  const url = (await app.getUrl()).replace("[::1]", "127.0.0.1");
  simulator.addRedirectUri(`${url}/auth/callback`);
  const options = { ...simulator.options, redirectUri: `${url}/auth/callback`, scopes: ["identify"] };
  const discord = new DiscordOAuth2Session(options).init(app.getHttpAdapter().getInstance());
  onTestFinished(async () => {
    await discord.close();
    await app.close();
  });
  return { app, simulator, events, url, discord, browser: simulator.browser(url), options };
}

describe.each([
  ["by itself", false],
  ["with the filter of the guide", true],
])("NestJS %s", (how, filter) => {
  it(`a NestJS app ${how} signs visitors in with the router, and calls Discord for them`, async () => {
    const { browser, simulator } = await startNest({ filter });
    const user = simulator.addUser();

    await browser.signIn("/auth/login", { user });

    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    for (const path of ["/middleware", "/guard"])
      expect((await browser.get(path)).json()).toEqual({ passed: true });
  });

  it.each<[path: string, status: number, code: ErrorCode, text: RegExp]>([
    ["/me", 401, "not_signed_in", /signed in/i],
    ["/middleware", 401, "not_signed_in", /signed in/i],
    ["/guard", 401, "not_signed_in", /signed in/i],
    ["/scopes", 401, "not_signed_in", /signed in/i],
    ["/auth/logout", 405, "method_not_allowed", /POST/],
    ["/auth/callback?state=x&code=y", 400, "flow_unknown", /./],
    ["/auth/callback", 400, "callback_malformed", /./],
  ])(`a NestJS app ${how} answers an error of %s with %i`, async (path, status, code, text) => {
    const { browser } = await startNest({ filter });

    const answer = await browser.get(path);

    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(text);
    if (filter && code !== "flow_unknown") expect(answer.json()).toMatchObject({ statusCode: status, code });
    if (filter && status === 405) expect(answer.headers.get("allow")).toBe("POST");
  });

  it(`a NestJS app ${how} answers 403 and 400 to a signed-in visitor's forbidden or invalid request`, async () => {
    const { browser, simulator } = await startNest({ filter });
    await browser.signIn("/auth/login", { user: simulator.addUser() });

    for (const [path, status, text] of [
      ["/guilds", 403, "needs the scope guilds"],
      ["/scopes", 403, "needs the scope guilds"],
      ["/member/nowhere", 400, "must be a snowflake"],
    ] as const) {
      const answer = await browser.get(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.text).toContain(text);
    }
  });

  it(`a NestJS app ${how} does not reveal internal errors to the visitor`, async () => {
    const { browser, simulator } = await startNest({ filter });
    await browser.signIn("/auth/login", { user: simulator.addUser() });
    simulator.fail({ kind: "html", route: "/users/@me", times: 9 });

    const bug = await browser.get("/bug");
    const down = await browser.get("/me?fresh");

    expect([bug.status, down.status]).toEqual([500, 502]);
    expect(bug.text).not.toContain("A secret of the app.");
    expect(down.text).not.toContain("/users/@me");
  });

  it(`a NestJS app ${how} answers a rate limit with its status, and with the filter adds Retry-After`, async () => {
    const { browser, simulator } = await startNest({ filter });
    await browser.signIn("/auth/login", { user: simulator.addUser() });
    simulator.fail({ kind: "rate-limited", route: "/users/@me", retryAfter: 40, times: 9 });

    const answer = await browser.get("/me?fresh");

    expect(answer.status).toBe(503);
    if (filter) expect(answer.headers.get("retry-after")).toBe("40");
  });

  it(`a NestJS app ${how} receives webhook events, and refuses forged ones`, async () => {
    const { events, simulator, url } = await startNest({ filter });

    const right = await simulator.sendWebhookEvent(`${url}/events`, { type: "ENTITLEMENT_CREATE" });
    const wrong = await simulator.sendWebhookEvent(
      `${url}/events`,
      { type: "PING" },
      { wrongSignature: true },
    );

    expect([right.status, wrong.status]).toEqual([204, 401]);
    await expect.poll(() => events.map(({ type }) => type)).toEqual(["ENTITLEMENT_CREATE"]);
  });
});

describe("NestJS", () => {
  it("an error says which part of a NestJS app is the Express app", async () => {
    const { app, options } = await startNest();

    for (const make of [
      () => new DiscordOAuth2Session(app as never, options),
      () => new DiscordOAuth2Session(options).init(app as never),
    ])
      expect(make).toThrow("a Nest app: pass app.getHttpAdapter().getInstance()");
  });

  it("the NestJS guide shows the filter of this test", () => {
    const guide = readFileSync("docs/nestjs.md", "utf8");
    const parts = readFileSync("test/frameworks/nest.test.ts", "utf8").match(
      /^(?:interface HttpError|function isHttpError|class DiscordErrors)\b[\s\S]*?^}\n/gm,
    );
    expect(parts).toHaveLength(3);
    for (const part of parts ?? []) expect(guide).toContain(part);
  });
});
