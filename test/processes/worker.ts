import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import express, { type ErrorRequestHandler } from "express";
import session from "express-session";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { replaceClock } from "../../src/clock.js";
import { DiscordOAuth2Session, type DiscordOptions, requiresAuthorization } from "../../src/index.js";
import { redisLock } from "./redis-lock.js";

/** What the test tells a worker process; it answers each command once. */
export type Command =
  | {
      readonly command: "serve";
      readonly discord: DiscordOptions;
      readonly redisUrl: string;
      /** Of everything in Redis. */
      readonly prefix: string;
      readonly hasLock: boolean;
    }
  | { readonly command: "advance"; readonly ms: number };

/** What a worker process answers. */
export interface Reply {
  /** Where the new app is. */
  readonly url?: string;
}

let movedByMs = 0;
replaceClock({ now: () => Date.now() + movedByMs });

process.on("message", (command: Command) => {
  void run(command).then((reply) => process.send?.(reply));
});

async function run(command: Command): Promise<Reply> {
  if (command.command === "serve") return { url: await serve(command) };
  movedByMs += command.ms;
  return {};
}

/** Starts an app of its own, as each process of a real one would. */
async function serve({ discord: options, redisUrl, prefix, hasLock }: Command & { command: "serve" }) {
  movedByMs = 0;
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
  const lock = hasLock ? redisLock(new Redis(redisUrl, { keyPrefix: prefix })) : undefined;
  const discord = new DiscordOAuth2Session(app, { ...options, lock });

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
