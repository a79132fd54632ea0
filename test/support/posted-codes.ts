import express, { type Application } from "express";
import type { CodeOptions, DiscordOAuth2Session } from "../../src/index.js";
import type { Browser, BrowserResponse } from "../../src/testing/index.js";
import { forward } from "./app.js";

/** Serves `POST /code`, which responds with the login and its access token. The body may have all options of a code. */
export function codeRoute(
  app: Application,
  discord: DiscordOAuth2Session,
  onLogin?: CodeOptions["onLogin"],
): void {
  app.post(
    "/code",
    express.json(),
    express.urlencoded({ extended: false }),
    forward(async (req, res) => {
      app.locals["codes"] = arrivals(app) + 1;
      const { code, codeVerifier, redirectUri } = req.body ?? {};
      const login = await discord.signInWithCode(req, { code, codeVerifier, redirectUri, onLogin });
      res.json({ ...login, accessToken: login.accessToken });
    }),
  );
}

/** How many codes `POST /code` has received so far. */
export function arrivals(app: Application): number {
  return Number(app.locals["codes"] ?? 0);
}

/** Posts a code that a client has got from Discord. */
export function postCode(
  browser: Browser,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<BrowserResponse> {
  return browser.post("/code", { json: body, headers });
}
