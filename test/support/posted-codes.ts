import { createHash, randomBytes } from "node:crypto";
import express, { type Application } from "express";
import type { CodeOptions, DiscordOAuth2Session } from "../../src/index.js";
import type { Browser, BrowserResponse, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { forward } from "./app.js";

/** Where the redirect of a mobile app leads. */
export const DEEP_LINK = "discord-1100000000000000099:/authorize/callback";

/** A code that a mobile app has got, with what it has to be exchanged with. */
export interface MobileCode {
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** Serves `POST /code`, which answers with the login and its access token; the body may have all options of a code. */
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

/** How many codes have come to `POST /code` so far. */
export function arrivals(app: Application): number {
  return Number(app.locals["codes"] ?? 0);
}

/** Posts what a client has got from Discord. */
export function postCode(
  browser: Browser,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<BrowserResponse> {
  return browser.post("/code", { json: body, headers });
}

/** Signs in at Discord as a mobile app does. */
export async function mobileCode(simulator: DiscordSimulator, user: SimulatedUser): Promise<MobileCode> {
  const codeVerifier = randomBytes(32).toString("base64url");
  simulator.addRedirectUri(DEEP_LINK);
  const url = new URL("/oauth2/authorize", simulator.url);
  url.search = new URLSearchParams({
    client_id: simulator.options.clientId,
    response_type: "code",
    scope: "identify",
    redirect_uri: DEEP_LINK,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const callbackUrl = new URL(await simulator.approve(url.href, { user }));
  return { code: callbackUrl.searchParams.get("code") ?? "", codeVerifier, redirectUri: DEEP_LINK };
}
