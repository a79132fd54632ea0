import { DiscordOAuth2Session, requiresAuthorization } from "express-discord";
import type { Mount } from "./contestant.js";
import { profilePage } from "./profile-page.js";

/** This library, with nothing but its defaults. */
export const mount: Mount = (app, settings) => {
  const discord = new DiscordOAuth2Session(app, settings);

  app.get("/login", (req, res) => discord.createSession(req, res));
  app.get("/callback", async (req, res) => {
    await discord.callback(req, res);
    res.redirect("/me");
  });
  app.get("/me", requiresAuthorization, async (req, res) => {
    const user = await discord.fetchUser(req);
    res.send(profilePage(user.id, user.displayName, user.avatarUrl ?? user.defaultAvatarUrl));
  });
  return { forgetUsers: () => discord.usersCache.clear() };
};
