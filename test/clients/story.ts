import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished } from "vitest";
import { type SimulatorOptions, startDiscord } from "../../src/testing/index.js";

/** The scopes for clients that add none of their own. */
export const SCOPES = ["identify", "guilds"];

/** The redirect URI for clients without a server. No browser opens it. */
export const REDIRECT_URI = "http://localhost:3000/callback";

interface StoryOptions extends SimulatorOptions {
  /** Which calls to intercept, if the client has Discord's addresses built in. */
  readonly intercept?: "fetch" | "fetch and http";
}

/** A simulated Discord with one user in one guild. */
export async function startStory({ intercept, ...options }: StoryOptions = {}) {
  const discord = await startDiscord({ redirectUris: [REDIRECT_URI], ...options });
  onTestFinished(() => discord.close());
  if (intercept) await discord.intercept({ http: intercept === "fetch and http" });
  const user = discord.addUser({ username: "mira.k", global_name: "Mira" });
  const guild = discord.addGuild({ name: "Test guild" });
  discord.addMember(guild, user);

  return {
    discord,
    user,
    guild,
    clientId: discord.options.clientId,
    clientSecret: discord.options.clientSecret,

    /**
     * Authorizes the app as the user.
     *
     * @returns the URL of the callback
     */
    async approve(authorizeUrl: URL | string): Promise<URL> {
      return new URL(await discord.approve(String(authorizeUrl), { user }));
    },

    /** Expires the user's access tokens. */
    async expire(accessToken: string): Promise<void> {
      expect(await isAlive(accessToken)).toBe(true);
      discord.expireAccessTokens(user);
      expect(await isAlive(accessToken)).toBe(false);
    },

    /** Revokes the token that a refresh returned. */
    async revoke(accessToken: string, revocation: (accessToken: string) => Promise<unknown>): Promise<void> {
      expect(await isAlive(accessToken)).toBe(true);
      await revocation(accessToken);
      expect(await isAlive(accessToken)).toBe(false);
    },
  };

  async function isAlive(accessToken: string): Promise<boolean> {
    const headers = { Authorization: `Bearer ${accessToken}` };
    return (await fetch(`${discord.url}/api/v10/users/@me`, { headers })).ok;
  }
}

/** Revokes a token with `fetch`, for clients without revocation. */
export async function revokeByFetch(
  accessToken: string,
  clientId: string,
  clientSecret: string,
): Promise<void> {
  const body = new URLSearchParams({ token: accessToken, token_type_hint: "access_token" });
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const headers = { Authorization: `Basic ${credentials}` };
  const { status } = await fetch("https://discord.com/api/oauth2/token/revoke", {
    method: "POST",
    body,
    headers,
  });
  expect(status).toBe(200);
}

/** Fetches a route, for clients that fetch only the user. */
export async function guildsByFetch(accessToken: string): Promise<{ id: string; name: string }[]> {
  const headers = { Authorization: `Bearer ${accessToken}` };
  return (await fetch("https://discord.com/api/v10/users/@me/guilds", { headers })).json() as never;
}

/**
 * Starts listening.
 *
 * @returns the app's URL, on a port chosen by the system
 */
export async function urlOf(server: Server): Promise<string> {
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
