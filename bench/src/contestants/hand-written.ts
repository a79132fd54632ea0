import { randomBytes } from "node:crypto";
import type { APIUser } from "discord-api-types/v10";
import type { Express, Request, RequestHandler } from "express";
import type {} from "express-session";
import type { DiscordSettings } from "./contestant.js";
import { profilePage } from "./profile-page.js";

/** What a token endpoint answers, as people keep it. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

/** A way to talk to Discord: all that sets the hand-written logins apart. */
export interface DiscordCalls {
  exchangeCode(code: string): Promise<Tokens>;
  fetchUser(accessToken: string): Promise<APIUser>;
}

declare module "express-session" {
  interface SessionData {
    oauthState?: string | undefined;
    user?: APIUser;
    tokens?: Tokens;
  }
}

/**
 * A login as people write it themselves: a random state in the session, compared on the way back, then the user and the
 * tokens in the session, which every later page reads them from.
 */
export function mountHandWritten(app: Express, discord: DiscordSettings, calls: DiscordCalls): undefined {
  app.get("/login", (req, res) => {
    const state = randomBytes(16).toString("hex");
    req.session.oauthState = state;
    const query = new URLSearchParams({
      response_type: "code",
      client_id: discord.clientId,
      redirect_uri: discord.redirectUri,
      scope: "identify",
      prompt: "consent",
      state,
    });
    res.redirect(`${discord.discordUrl}/oauth2/authorize?${query}`);
  });

  app.get("/callback", async (req, res) => {
    const { code, state } = req.query;
    if (typeof code !== "string" || !state || state !== req.session.oauthState) {
      res.status(400).send("This login was not started here.");
      return;
    }
    const tokens = await calls.exchangeCode(code);
    req.session.user = await calls.fetchUser(tokens.access_token);
    req.session.tokens = tokens;
    req.session.oauthState = undefined;
    res.redirect("/me");
  });

  app.get("/me", requireLogin, (req, res) => {
    const { id, username, global_name, avatar } = userOf(req);
    const avatarUrl = `https://cdn.discordapp.com/avatars/${id}/${avatar}.png`;
    res.send(profilePage(id, global_name ?? username, avatarUrl));
  });
}

const requireLogin: RequestHandler = (req, res, next) => {
  if (req.session.user) next();
  else res.redirect("/login");
};

function userOf(req: Request): APIUser {
  const { user } = req.session;
  if (user) return user;
  throw new Error("The guard lets nobody pass without a user.");
}
