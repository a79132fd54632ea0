import { tracingChannel } from "node:diagnostics_channel";
import http, { type ClientRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import express, { type ErrorRequestHandler } from "express";
import session from "express-session";
import { createClient } from "redis";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  type RefreshTrace,
  requiresAuthorization,
} from "../../src/index.js";
import { WORKER_HEADER } from "./worker-header.js";

/** What the soak sends to a worker. */
export type Order =
  | {
      readonly order: "serve";
      readonly name: string;
      readonly discord: DiscordOptions;
      readonly redisUrl: string;
      readonly prefix: string;
    }
  | { readonly order: "measure" };

/** A worker's response. */
export type Report =
  | { readonly report: "serving"; readonly url: string }
  | { readonly report: "measured"; readonly heapBytes: number; readonly unhandled: readonly string[] };

/** What a worker reports on its own: that it starts to refresh a user's tokens, and that it has stored the result. */
export interface RefreshNote {
  readonly note: "refreshing" | "refreshed";
  /** Counted by the worker. */
  readonly refresh: number;
  /** Empty if the app does not know the user. */
  readonly userId: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

const unhandled: string[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(String(reason)));

const ignore = () => undefined;
const numbers = new WeakMap<RefreshTrace, number>();
let refreshCount = 0;
tracingChannel<unknown, RefreshTrace>("express-discord:refresh").subscribe({
  start(refresh) {
    refreshCount += 1;
    numbers.set(refresh, refreshCount);
    say("refreshing", refresh);
  },
  asyncEnd: (refresh) => say("refreshed", refresh),
  end: ignore,
  asyncStart: ignore,
  error: ignore,
});

function say(note: RefreshNote["note"], refresh: RefreshTrace): void {
  const { userId = "" } = refresh;
  process.send?.({
    note,
    refresh: numbers.get(refresh) ?? 0,
    userId,
    at: Date.now(),
  } satisfies RefreshNote);
}

process.on("message", async (order: Order) => {
  const report = order.order === "serve" ? await serve(order) : measure();
  process.send?.(report);
});

async function serve(order: Order & { order: "serve" }): Promise<Report> {
  const { discord: options, name, redisUrl, prefix } = order;
  nameInRequests(name);
  const client = createClient({ url: redisUrl });
  await client.connect();
  const app = express();
  app.use(
    session({
      store: new RedisStore({ client, prefix }),
      secret: "a secret of the session cookie",
      resave: false,
      saveUninitialized: false,
    }),
  );
  const discord = new DiscordOAuth2Session(app, options);

  app.get("/login", (req, res) => discord.createSession(req, res));
  app.get("/callback", async (req, res) => void res.json(await discord.callback(req, res)));
  app.get(
    "/me",
    requiresAuthorization,
    async (req, res) => void res.json({ id: (await discord.fetchUser(req)).id }),
  );
  app.get(
    "/fresh",
    async (req, res) => void res.json({ id: (await discord.fetchUser(req, { fresh: true })).id }),
  );
  app.get("/guilds", async (req, res) => {
    await discord.fetchGuilds(req);
    res.json({ id: discord.userId(req) });
  });
  app.get("/visits", async (req, res) => {
    Object.assign(req.session, { visits: Date.now() });
    res.json({ id: discord.userId(req) });
  });
  app.post("/logout", async (req, res) => {
    await discord.revoke(req);
    res.json({});
  });
  const answerError: ErrorRequestHandler = ({ code, message, status = 500 }, _req, res, _next) => {
    res.status(status).json({ code, message });
  };
  app.use(answerError);

  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { report: "serving", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Makes every request of `node:http`, including those to the token endpoint, name its sender. */
function nameInRequests(name: string): void {
  const request = new Proxy(http.request, {
    apply(target, self, args) {
      const sent: ClientRequest = Reflect.apply(target, self, args);
      sent.setHeader(WORKER_HEADER, name);
      return sent;
    },
  });
  Object.assign(http, { request });
}

function measure(): Report {
  globalThis.gc?.();
  return { report: "measured", heapBytes: process.memoryUsage().heapUsed, unhandled };
}
