import type { APIUser } from "discord-api-types/v10";
import type { DiscordSettings, Mount } from "./contestant.js";
import { type DiscordCalls, mountHandWritten, type Tokens } from "./hand-written.js";

/** The floor: Express, express-session and `fetch`. */
export const mount: Mount = (app, discord) => mountHandWritten(app, discord, callsByFetch(discord));

function callsByFetch({ clientId, clientSecret, discordUrl, redirectUri }: DiscordSettings): DiscordCalls {
  return {
    exchangeCode: (code) =>
      json<Tokens>(`${discordUrl}/api/oauth2/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uri: redirectUri,
          code,
        }),
      }),
    fetchUser: (accessToken) =>
      json<APIUser>(`${discordUrl}/api/v10/users/@me`, {
        headers: { Authorization: `Bearer ${accessToken}` },
      }),
  };
}

async function json<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`Discord answered ${response.status}.`);
  return (await response.json()) as T;
}
