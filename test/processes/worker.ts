import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import express, { type ErrorRequestHandler } from "express";
import session from "express-session";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { shareDeauthorizations } from "../../examples/recipes/deauthorizations.js";
import { replaceClock } from "../../src/clock.js";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  type Lock,
  requiresAuthorization,
  webhookEvents,
} from "../../src/index.js";
import { redisLock } from "./redis-lock.js";

/** Whether refreshes and callbacks run under a lock: a real one, one that expires at once, or none. */
export type LockKind = "redis" | "expired" | "none";

/** What the test sends to a worker process. */
export type Command =
  | {
      readonly name: "serve";
      readonly discord: DiscordOptions;
      /** Default: tokens and sessions stay in memory. */
      readonly redisUrl?: string;
      /** The prefix of everything in Redis. */
      readonly prefix: string;
      readonly lock: LockKind;
      /** Serves `/events` and tells the other processes about removals. */
      readonly publicKey?: string;
    }
  | { readonly name: "advance"; readonly ms: number };

/** A command and its number. */
export interface Message {
  readonly id: number;
  readonly command: Command;
}

/** A worker's response to the command with this number; number 0 when it is ready. */
export interface Reply {
  readonly id: number;
  /** The URL of the new app. */
  readonly url?: string;
}

const LOCKS: Record<LockKind, Lock | undefined> = {
  redis: undefined,
  expired: (_key, task) => task(),
  none: undefined,
};

let movedByMs = 0;
replaceClock({ now: () => Date.now() + movedByMs });

process.on("message", ({ id, command }: Message) => {
  void run(command).then((reply) => process.send?.({ id, ...reply }));
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0 });

async function run(command: Command): Promise<Omit<Reply, "id">> {
  if (command.name === "serve") return { url: await serve(command) };
  movedByMs += command.ms;
  return {};
}

/** Starts an app of its own, like each process of a real app. */
async function serve({
  discord: options,
  redisUrl,
  prefix,
  lock: kind,
  publicKey,
}: Command & { name: "serve" }) {
  movedByMs = 0;
  const app = express();
  app.use(
    session({
      ...(redisUrl && { store: await redisStore(redisUrl, prefix) }),
      secret: "a secret of the session cookie",
      resave: false,
      saveUninitialized: false,
    }),
  );
  const redis = kind === "redis" && redisUrl ? new Redis(redisUrl, { keyPrefix: prefix }) : undefined;
  const lock = redis ? redisLock(redis) : LOCKS[kind];
  const discord = new DiscordOAuth2Session(app, { ...options, lock });

  if (redisUrl && publicKey) {
    const onEvent = await shareDeauthorizations(discord, redisUrl);
    app.post("/events", webhookEvents({ publicKey, onEvent }));
  }
  app.get("/login", (req, res) => discord.createSession(req, res));
  app.get("/callback", async (req, res) => void res.json(await discord.callback(req, res)));
  app.get("/guarded", requiresAuthorization, (_req, res) => void res.json({ passed: true }));
  app.get("/user", async (req, res) => void res.json(await discord.fetchUser(req, { fresh: true })));
  const answerError: ErrorRequestHandler = ({ name, code, message, status = 500 }, _req, res, _next) => {
    res.status(status).json({ name, code, message });
  };
  app.use(answerError);

  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function redisStore(url: string, prefix: string): Promise<RedisStore> {
  const client = createClient({ url });
  await client.connect();
  return new RedisStore({ client, prefix });
}
