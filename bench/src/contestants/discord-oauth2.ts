import https from "node:https";
import net from "node:net";
import type { APIUser } from "discord-api-types/v10";
import DiscordOauth2 from "discord-oauth2";
import type { Mount } from "./contestant.js";
import { mountHandWritten } from "./hand-written.js";

/** The same by the package discord-oauth2. */
export const mount: Mount = (app, discord) => {
  const { clientId, clientSecret, redirectUri } = discord;
  // Its types leave out the agent, which its documentation has.
  const options: object = { clientId, clientSecret, redirectUri, agent: agentTo(discord.discordUrl) };
  const oauth = new DiscordOauth2(options);
  return mountHandWritten(app, discord, {
    exchangeCode: (code) =>
      oauth.tokenRequest({ code, grantType: "authorization_code", scope: ["identify"] }),
    fetchUser: async (accessToken) => (await oauth.getUser(accessToken)) as APIUser,
  });
};

/** The package knows no other Discord than the real one: its connections are led to the simulated one, without TLS. */
function agentTo(discordUrl: string): https.Agent {
  const { hostname, port } = new URL(discordUrl);
  return Object.assign(new https.Agent({ keepAlive: true }), {
    createConnection: () => net.connect(Number(port), hostname),
  });
}
