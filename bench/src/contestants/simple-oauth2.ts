import type { APIUser } from "discord-api-types/v10";
import { AuthorizationCode } from "simple-oauth2";
import type { Mount } from "./contestant.js";
import { mountHandWritten, type Tokens } from "./hand-written.js";

/** The same by simple-oauth2, which exchanges the code; the user is fetched by `fetch`. */
export const mount: Mount = (app, { clientId, clientSecret, discordUrl, redirectUri }) => {
  const client = new AuthorizationCode({
    client: { id: clientId, secret: clientSecret },
    auth: { tokenHost: discordUrl, tokenPath: "/api/oauth2/token" },
  });
  return mountHandWritten(
    app,
    { clientId, clientSecret, discordUrl, redirectUri },
    {
      exchangeCode: async (code) => {
        const { token } = await client.getToken({ code, redirect_uri: redirectUri });
        return token as unknown as Tokens;
      },
      fetchUser: async (accessToken) => {
        const response = await fetch(`${discordUrl}/api/v10/users/@me`, {
          headers: { Authorization: `Bearer ${accessToken}` },
        });
        if (!response.ok) throw new Error(`Discord answered ${response.status}.`);
        return (await response.json()) as APIUser;
      },
    },
  );
};
