import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import session from "express-session";
import { DiscordOAuth2Session, type DiscordOptions } from "../../src/index.js";

/** What the process prints when it is ready: the origin of its app. */
export interface Serving {
  readonly url: string;
}

process.once("message", (options: DiscordOptions) => {
  const app = express();
  app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  const discord = new DiscordOAuth2Session(app, options);
  app.get("/login", (req, res) => discord.createSession(req, res));
  app.get("/callback", async (req, res) => void res.json(await discord.callback(req, res)));
  app.get("/user", async (req, res) => void res.json(await discord.fetchUser(req, { fresh: true })));
  app.post("/logout", async (req, res) => {
    await discord.revoke(req, { everywhere: true });
    res.json({});
  });
  const answerError: ErrorRequestHandler = ({ code, message, status = 500 }, _req, res, _next) => {
    res.status(status).json({ code, message });
  };
  app.use(answerError);
  const server = app.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ url: `http://127.0.0.1:${port}` } satisfies Serving);
  });
});
process.on("disconnect", () => process.exit());
