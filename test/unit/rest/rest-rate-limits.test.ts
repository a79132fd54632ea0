import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { replaceClock } from "../../../src/clock.js";
import { RateLimited } from "../../../src/errors.js";
import {
  answeringServer,
  BOT,
  json,
  limitHeaders,
  NELLY,
  rejection,
  restOf,
} from "../../support/answering-server.js";
import { movableClock } from "../../support/clock.js";

const LIMITED = { message: "You are being rate limited.", retry_after: 64.57, global: false };

/** A limit per token, counted like Discord's. Records refused calls that the headers had announced. */
function discordWith(limit: number, windowMs: number) {
  const windows = new Map<string, { endsAt: number; count: number; isAnnounced: boolean }>();
  const refused = { inFlight: 0, announced: 0 };
  const server = answeringServer((response, { headers }) => {
    const time = Date.now();
    const key = headers.authorization ?? "";
    const open = windows.get(key);
    const window =
      open && open.endsAt > time ? open : { endsAt: time + windowMs, count: 0, isAnnounced: false };
    windows.set(key, window);
    window.count += 1;
    const left = (window.endsAt - time) / 1000;
    const told = {
      ...limitHeaders(Math.max(0, limit - window.count), left, limit),
      "X-RateLimit-Reset": String(window.endsAt / 1000),
    };
    if (window.count <= limit) {
      json(response, 200, {}, told);
    } else {
      refused[window.isAnnounced ? "announced" : "inFlight"] += 1;
      json(response, 429, { ...LIMITED, retry_after: left }, told);
    }
    if (window.count >= limit) response.on("close", () => (window.isAnnounced = true));
  });
  return { server, refused };
}

/** Returns the outcome of the next call. */
function nextTrace() {
  let trace: object | undefined;
  const { start } = tracingChannel<unknown, object>("express-discord:request");
  const note = (context: object) => {
    trace ??= context;
  };
  start.subscribe(note as (context: unknown) => void);
  onTestFinished(() => {
    start.unsubscribe(note as (context: unknown) => void);
  });
  return () => trace;
}

/** The status of every response whose headers undici reports. */
function seenByUndici(): number[] {
  const statuses: number[] = [];
  const note = (message: unknown) => {
    statuses.push((message as { response: { statusCode: number } }).response.statusCode);
  };
  subscribe("undici:request:headers", note);
  onTestFinished(() => {
    unsubscribe("undici:request:headers", note);
  });
  return statuses;
}

describe("announced limits", () => {
  test("an announced limit refuses the call without a request if the wait is long", async () => {
    const clock = movableClock();
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 30)));
    const rest = restOf(server.url);
    await rest.send(NELLY, "/users/@me/guilds");
    const error = await rejection(rest.send(NELLY, "/users/@me/guilds?after=1"));
    expect(error).toBeInstanceOf(RateLimited);
    expect(error).toMatchObject({
      status: 503,
      code: "rate_limited",
      scope: "user",
      isGlobal: false,
      method: "GET",
      route: "/users/@me/guilds",
    });
    const { retryAfter } = error as RateLimited;
    expect(retryAfter).toBeGreaterThan(29);
    expect(retryAfter).toBeLessThanOrEqual(30);
    expect(server.requests).toHaveLength(1);
    clock.advance(30_001);
    await rest.send(NELLY, "/users/@me/guilds");
    expect(server.requests).toHaveLength(2);
  });

  test("a call waits for an announced limit if the wait is short", async () => {
    const clock = movableClock();
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 1.5)));
    const rest = restOf(server.url);
    const startedAt = clock.now();
    await rest.send(BOT, "/guilds/1/channels");
    await rest.send(BOT, "/guilds/1/channels");
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(1490);
  });

  test("an announced limit holds up no other user, and no other guild", async () => {
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 30)));
    const rest = restOf(server.url, { maxWaitMs: 0 });
    await rest.send(NELLY, "/users/@me/guilds/1/member");
    await rest.send(NELLY, "/users/@me/guilds/2/member");
    await rest.send({ ...NELLY, subject: "2" }, "/users/@me/guilds/1/member");
    await rest.send({ ...BOT, subject: NELLY.subject }, "/users/@me/guilds/1/member");
    expect(server.requests).toHaveLength(4);
  });

  test("an announced limit is a 429 for the bot", async () => {
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 30)));
    const rest = restOf(server.url);
    await rest.send(BOT, "/guilds/1");
    expect(await rejection(rest.send(BOT, "/guilds/1"))).toMatchObject({ status: 429 });
  });

  test("an announced limit is known as soon as the headers arrive", async () => {
    let finish = () => {};
    const server = await answeringServer((response) => {
      response.writeHead(200, limitHeaders(0, 30)).write("x");
      finish = () => response.end();
    });
    const trace = nextTrace();
    const rest = restOf(server.url);
    const slow = rest.send(NELLY, "/users/@me/guilds");
    await vi.waitFor(() => expect(trace()).toMatchObject({ status: 200 }));
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toBeInstanceOf(RateLimited);
    finish();
    expect(await slow).toBe("x");
  });
});

describe("unfinished answers", () => {
  test("a 429 holds back the next call before its body arrives, whatever else its headers say", async () => {
    let finish = () => {};
    const server = await answeringServer((response) => {
      response.writeHead(429, { ...limitHeaders(4, 30), "X-RateLimit-Scope": "shared" }).write(" ");
      finish = () => response.end(JSON.stringify(LIMITED));
    });
    const trace = nextTrace();
    const rest = restOf(server.url);
    const first = rest.send(BOT, "/channels/1/messages");
    await vi.waitFor(() => expect(trace()).toMatchObject({ status: 429 }));
    expect(await rejection(rest.send(BOT, "/channels/1/messages"))).toBeInstanceOf(RateLimited);
    finish();
    expect(await rejection(first)).toMatchObject({ retryAfter: 64.57 });
    expect(server.requests).toHaveLength(1);
  });

  test("early hints do not count as rate limit headers", async () => {
    let finish = () => {};
    const server = await answeringServer((response, _, index) => {
      finish = () => json(response, 200, {}, limitHeaders(0, 0, 1));
      if (index === 1) response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      else finish();
    });
    const statuses = seenByUndici();
    const rest = restOf(server.url, { maxWaitMs: 0 });
    await rest.send(NELLY, "/users/@me/guilds");
    const slow = rest.send(NELLY, "/users/@me/guilds");
    await vi.waitFor(() => expect(statuses).toEqual([200, 103]));
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toBeInstanceOf(RateLimited);
    finish();
    await slow;
  });
});

describe("simultaneous calls", () => {
  test("calls of 300 users never wait for each other, and none is sent that would be refused", async () => {
    const { server, refused } = discordWith(2, 60_000);
    const { url, requests } = await server;
    const rest = restOf(url);
    const users = Array.from({ length: 300 }, (_, user) => ({
      ...NELLY,
      token: `token-${user}`,
      subject: String(user),
    }));
    await Promise.all(users.map((user) => rest.send(user, "/users/@me/guilds")));
    await Promise.all(users.map((user) => rest.send(user, "/users/@me/guilds")));
    const third = await Promise.allSettled(users.map((user) => rest.send(user, "/users/@me/guilds")));
    expect(third.every(({ status }) => status === "rejected")).toBe(true);
    expect(requests).toHaveLength(600);
    expect(refused).toEqual({ inFlight: 0, announced: 0 });
  });

  test("calls of one user are counted down, and the rest wait for the next window", async () => {
    const { server, refused } = discordWith(3, 80);
    const { url } = await server;
    const rest = restOf(url, { maxWaitMs: 15_000 });
    await rest.send(NELLY, "/users/@me/guilds");
    await Promise.all(Array.from({ length: 20 }, () => rest.send(NELLY, "/users/@me/guilds")));
    expect(refused).toEqual({ inFlight: 0, announced: 0 });
  });

  test("a call waits for the answer to another if only one may be sent", async () => {
    const waiting: (() => void)[] = [];
    const server = await answeringServer((response, _, index) => {
      const answer = () =>
        json(response, 200, index, limitHeaders(index === 1 ? 4 : 0, index === 1 ? 60 : 0, 1));
      if (index === 1) waiting.push(answer);
      else answer();
    });
    const rest = restOf(server.url);
    await rest.send(NELLY, "/users/@me/guilds");
    const both = Promise.all([rest.send(NELLY, "/users/@me/guilds"), rest.send(NELLY, "/users/@me/guilds")]);
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    expect(server.requests).toHaveLength(2);
    waiting[0]?.();
    expect(await both).toEqual([1, 2]);
  });

  test("a call is refused if only one may be sent and there is no time to wait", async () => {
    const server = await answeringServer((response, _, index) => {
      if (index !== 1) json(response, 200, {}, limitHeaders(0, 0, 1));
    });
    const rest = restOf(server.url, { maxWaitMs: 0 });
    await rest.send(NELLY, "/users/@me/guilds");
    const leaving = new AbortController();
    const first = rest.send(NELLY, "/users/@me/guilds", { signal: leaving.signal });
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toMatchObject({ retryAfter: 1 });
    leaving.abort();
    expect(await rejection(first)).toBe(leaving.signal.reason);
  });

  test("calls that wait for a lost answer go on", async () => {
    const server = await answeringServer((response, _, index) => {
      if (index === 1) response.destroy();
      else json(response, 200, index, limitHeaders(0, 0, 1));
    });
    const rest = restOf(server.url);
    await rest.send(BOT, "/channels/1/messages", { method: "POST", json: 1 });
    const [first, second] = await Promise.allSettled([
      rest.send(BOT, "/channels/1/messages", { method: "POST", json: 1 }),
      rest.send(BOT, "/channels/1/messages", { method: "POST", json: 1 }),
    ]);
    expect(first).toMatchObject({ status: "rejected", reason: { code: "discord_unavailable" } });
    expect(second).toMatchObject({ status: "fulfilled", value: 2 });
  });

  test("a waiting call ends with its signal", async () => {
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 1)));
    const rest = restOf(server.url);
    await rest.send(NELLY, "/users/@me/guilds");
    const leaving = new AbortController();
    replaceClock({
      sleep: (_, signal) =>
        new Promise((__, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          setImmediate(() => leaving.abort());
        }),
    });
    onTestFinished(() => replaceClock());
    const call = rest.send(NELLY, "/users/@me/guilds", { signal: leaving.signal });
    expect(await rejection(call)).toBe(leaving.signal.reason);
    expect(server.requests).toHaveLength(1);
  });

  test("a waiting call fails with the clock", async () => {
    const server = await answeringServer((response) => json(response, 200, {}, limitHeaders(0, 1)));
    const rest = restOf(server.url);
    await rest.send(NELLY, "/users/@me/guilds");
    const broken = new Error("The clock has stopped.");
    replaceClock({ sleep: () => Promise.reject(broken) });
    onTestFinished(() => replaceClock());
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toBe(broken);
  });
});

describe("429 responses", () => {
  test("a short 429 is waited out and the call repeated, even for writes", async () => {
    const clock = movableClock();
    const server = await answeringServer((response, _, index) =>
      index === 0
        ? json(response, 429, { ...LIMITED, retry_after: 1.25 })
        : json(response, 200, { sent: true }),
    );
    const startedAt = clock.now();
    const request = { method: "POST", json: { content: "Hello" } };
    expect(await restOf(server.url).send(BOT, "/channels/1/messages", request)).toEqual({ sent: true });
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(1250);
    expect(server.requests.map(({ body }) => body)).toEqual(['{"content":"Hello"}', '{"content":"Hello"}']);
  });

  test("a 429 longer than maxWaitMs is an error with its time", async () => {
    const server = await answeringServer((response) => json(response, 429, { ...LIMITED, code: 40062 }));
    const rest = restOf(server.url);
    const error = await rejection(rest.send(NELLY, "/users/@me/guilds"));
    expect(error).toMatchObject({
      status: 503,
      scope: "user",
      retryAfter: 64.57,
      body: { ...LIMITED, code: 40062 },
      headers: { "Retry-After": "65" },
    });
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toBeInstanceOf(RateLimited);
    expect(server.requests).toHaveLength(1);
  });

  test("a second 429 has only the waiting time that the first has left", async () => {
    movableClock();
    const server = await answeringServer((response) => json(response, 429, { ...LIMITED, retry_after: 1.5 }));
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me/guilds"));
    expect(error).toMatchObject({ retryAfter: 1.5 });
    expect(server.requests).toHaveLength(2);
  });

  test("endless 429s become an error, however short they are", async () => {
    movableClock();
    const server = await answeringServer((response) => json(response, 429, { ...LIMITED, retry_after: 0 }));
    expect(await rejection(restOf(server.url).send(NELLY, "/users/@me"))).toBeInstanceOf(RateLimited);
    expect(server.requests).toHaveLength(5);
  });

  test("a 429 of a shared resource says so, and does not count as an invalid request", async () => {
    const server = await answeringServer((response) =>
      json(response, 429, LIMITED, { "X-RateLimit-Scope": "shared" }),
    );
    const rest = restOf(server.url, { invalidRequestLimit: 1 });
    expect(await rejection(rest.send(BOT, "/channels/1/messages"))).toMatchObject({
      scope: "shared",
      status: 429,
    });
    expect(await rejection(rest.send(BOT, "/channels/2/messages"))).toMatchObject({ scope: "shared" });
    expect(await rejection(rest.send(BOT, "/channels/2/messages"))).toMatchObject({ scope: "shared" });
    expect(server.requests).toHaveLength(2);
  });

  test("a global 429 stops every call of its user or bot, and of nobody else", async () => {
    const clock = movableClock();
    const server = await answeringServer((response, __, index) =>
      index === 0
        ? json(response, 429, { ...LIMITED, global: true, retry_after: 30 })
        : json(response, 200, {}),
    );
    const rest = restOf(server.url);
    const error = await rejection(rest.send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ scope: "global", isGlobal: true, retryAfter: 30 });
    expect(await rejection(rest.send(NELLY, "/users/@me/guilds"))).toMatchObject({ scope: "global" });
    await rest.send(BOT, "/guilds/1");
    expect(server.requests).toHaveLength(2);
    clock.advance(29_000);
    await rest.send(NELLY, "/users/@me/guilds");
    expect(server.requests).toHaveLength(3);
  });

  test("a call waits for the response to another no longer than maxWaitMs", async () => {
    const server = await answeringServer((response, _, index) => {
      if (index > 0) return;
      const last = { "X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0" };
      json(response, 200, {}, { ...last, "X-RateLimit-Bucket": "b" });
    });
    const rest = restOf(server.url, { timeoutMs: 2000, maxWaitMs: 100 });
    await rest.send(NELLY, "/users/@me");
    const outcomes = ["/users/@me", "/users/@me"].map((route) => rejection(rest.send(NELLY, route)));
    expect(await Promise.race(outcomes)).toBeInstanceOf(RateLimited);
    expect(await Promise.all(outcomes)).toContainEqual(expect.objectContaining({ code: "discord_timeout" }));
    expect(server.requests).toHaveLength(2);
  });

  test("a 429 counts even if its body never ends", async () => {
    const server = await answeringServer((response) => {
      response.writeHead(429, { "Content-Type": "application/json", "Retry-After": "60" });
      response.write('{"message": "You are being rate');
    });
    const rest = restOf(server.url, { timeoutMs: 200 });
    expect(await rejection(rest.send(NELLY, "/users/@me"))).toMatchObject({ retryAfter: 60 });
    expect(await rejection(rest.send(NELLY, "/users/@me"))).toBeInstanceOf(RateLimited);
    expect(server.requests).toHaveLength(1);
  });

  test("a 429 that has used up the time of its call is not followed by another request", async () => {
    const server = await answeringServer((response) => {
      response.writeHead(429, { "Content-Type": "application/json", "Retry-After": "1" });
      response.write("{");
    });
    const rest = restOf(server.url, { timeoutMs: 200, maxWaitMs: 2000 });
    expect(await rejection(rest.send(NELLY, "/users/@me"))).toMatchObject({ retryAfter: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["Cloudflare's text", "text/plain", "error code: 1015", 60],
    ["Cloudflare's page", "text/html", "<!doctype html>", 60],
  ])("a 429 with %s stops the calls of every user and of the bot", async (_, type, body, retryAfter) => {
    const clock = movableClock();
    const server = await answeringServer((response, __, index) =>
      index === 0 ? response.writeHead(429, { "Content-Type": type }).end(body) : json(response, 200, {}),
    );
    const rest = restOf(server.url);
    const error = await rejection(rest.send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ scope: "global", isGlobal: true, retryAfter });
    expect(await rejection(rest.send(BOT, "/guilds/1"))).toMatchObject({ scope: "global", status: 429 });
    expect(server.requests).toHaveLength(1);
    clock.advance((retryAfter - 1) * 1000);
    await rest.send(BOT, "/guilds/1");
    expect(server.requests).toHaveLength(2);
  });

  test("a 429 without a body concerns its call alone if the headers name the limit", async () => {
    const server = await answeringServer((response) =>
      response.writeHead(429, { ...limitHeaders(0, 30), "Retry-After": "30" }).end(),
    );
    const rest = restOf(server.url);
    const head = rest.send(NELLY, "/users/@me", { method: "HEAD" });
    expect(await rejection(head)).toMatchObject({ scope: "user", retryAfter: 30 });
  });

  test("a 429 whose body breaks off is still a rate limit", async () => {
    const server = await answeringServer((response) => {
      response
        .writeHead(429, { ...limitHeaders(0, 30), "Content-Length": "100" })
        .write('{"retry', () => response.destroy());
    });
    const call = restOf(server.url).send(BOT, "/channels/1/messages", { method: "POST", json: 1 });
    expect(await rejection(call)).toMatchObject({ scope: "user", retryAfter: 30 });
    expect(server.requests).toHaveLength(1);
  });

  test("a 429 that echoes the token is redacted", async () => {
    const server = await answeringServer((response) =>
      json(response, 429, { ...LIMITED, hint: NELLY.token }),
    );
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ body: { hint: "[redacted]" } });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(NELLY.token);
  });
});

describe("invalid requests", () => {
  test("invalid requests stop the process at the limit, until the first is ten minutes old", async () => {
    const clock = movableClock();
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => emitWarning.mockRestore());
    const server = await answeringServer((response, _, index) =>
      json(response, [401, 403, 200][index] ?? 200, {}),
    );
    const rest = restOf(server.url, { invalidRequestLimit: 2 });
    await rejection(rest.send(NELLY, "/users/@me"));
    await rejection(rest.send(NELLY, "/users/@me"));
    expect(emitWarning).toHaveBeenCalledTimes(1);
    const error = await rejection(rest.send(BOT, "/guilds/1"));
    expect(error).toMatchObject({ scope: "global", status: 429 });
    expect((error as RateLimited).retryAfter).toBeGreaterThan(590);
    expect(server.requests).toHaveLength(2);
    clock.advance(610_001);
    await rest.send(BOT, "/guilds/1");
  });

  test("invalid requests with made-up tokens stop only made-up tokens", async () => {
    const server = await answeringServer((response, { headers }) =>
      json(response, headers.authorization === `Bearer ${NELLY.token}` ? 200 : 401, {}),
    );
    const rest = restOf(server.url, { invalidRequestLimit: 100 });
    const madeUp = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        rejection(
          rest.send(
            { scheme: "Bearer", token: `made-up-${index}`, subject: `made-up-${index}`, untrusted: true },
            "/users/@me",
          ),
        ),
      ),
    );
    expect(madeUp.filter((error) => !(error instanceof RateLimited))).toHaveLength(10);
    expect(server.requests).toHaveLength(10);
    expect(await rest.send(NELLY, "/users/@me")).toEqual({});
  });
});

test("the warning about invalid requests comes at the limit, and again only after the count was lower", async () => {
  const clock = movableClock();
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emitWarning.mockRestore());
  const server = await answeringServer((response) => json(response, 403, {}));
  const rest = restOf(server.url, { invalidRequestLimit: 2 });
  for (const warnings of [0, 1]) {
    await rejection(rest.send(BOT, "/guilds/1"));
    expect(emitWarning).toHaveBeenCalledTimes(warnings);
  }
  expect(emitWarning).toHaveBeenCalledWith(expect.stringContaining("answered 2 calls"), {
    code: "EXPRESS_DISCORD_INVALID_REQUESTS",
  });
  clock.advance(600_000);
  for (const warnings of [1, 2]) {
    await rejection(rest.send(BOT, "/guilds/1"));
    expect(emitWarning).toHaveBeenCalledTimes(warnings);
  }
});

test("setting the clock back ends every wait for a rate limit", async () => {
  const clock = movableClock();
  const server = await answeringServer((response, _, index) =>
    index === 0 ? json(response, 429, LIMITED, limitHeaders(0, 64)) : json(response, 200, {}),
  );
  const rest = restOf(server.url);
  expect(await rejection(rest.send(NELLY, "/users/@me"))).toBeInstanceOf(RateLimited);
  expect(await rejection(rest.send(NELLY, "/users/@me"))).toBeInstanceOf(RateLimited);
  clock.advance(-3_600_000);
  await rest.send(NELLY, "/users/@me");
});

/** Two calls of a user in flight, and how to answer each with a 429 for all calls of that user. */
async function twoCalls() {
  const answers: ((retryAfterS: number) => void)[] = [];
  const server = await answeringServer((response, _, index) => {
    if (index > 1) json(response, 200, {});
    else answers.push((retry_after) => json(response, 429, { ...LIMITED, retry_after, global: true }));
  });
  const rest = restOf(server.url);
  const first = rejection(rest.send(NELLY, "/users/@me"));
  const second = rest.send(NELLY, "/users/@me");
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[0]?.(30);
  expect(await first).toBeInstanceOf(RateLimited);
  return { second, answerSecond: answers[1] };
}

test("a 429 without a wait starts no cooldown after another has ended", async () => {
  const clock = movableClock();
  const { second, answerSecond } = await twoCalls();
  clock.advance(30_001);
  answerSecond?.(0);
  expect(await second).toEqual({});
});

test("a 429 with a short wait does not shorten a longer cooldown", async () => {
  movableClock();
  const { second, answerSecond } = await twoCalls();
  answerSecond?.(1);
  expect(((await rejection(second)) as RateLimited).retryAfter).toBeGreaterThan(25);
});

test("a made-up token is tried even if a tenth of the limit is less than one call", async () => {
  const server = await answeringServer((response) => json(response, 200, {}));
  const rest = restOf(server.url, { invalidRequestLimit: 5, maxWaitMs: 0 });
  expect(await rest.send({ ...NELLY, untrusted: true }, "/users/@me")).toEqual({});
});

test("with a high limit, the warning about invalid requests comes at 1,000", {
  timeout: 20_000,
}, async () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emitWarning.mockRestore());
  const server = await answeringServer((response) => json(response, 403, {}));
  const rest = restOf(server.url);
  for (let call = 0; call < 999; call++) await rejection(rest.send(BOT, "/guilds/1"));
  expect(emitWarning).not.toHaveBeenCalled();
  await rejection(rest.send(BOT, "/guilds/1"));
  expect(emitWarning).toHaveBeenCalledOnce();
});
