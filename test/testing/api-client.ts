import type { DiscordSimulator, SimulatedUser, TokenPair } from "../../src/testing/index.js";

export const CALLBACK = "http://app.test/callback";

/** A complete response of the simulator. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: responses have many shapes
  readonly body: any;
}

interface ApiCall {
  readonly bearer?: string;
  readonly bot?: boolean;
  readonly json?: unknown;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly base?: string;
  readonly raw?: string | FormData;
}

/** Calls a route of the API, written as "GET /users/@me". */
export async function callApi(
  discord: DiscordSimulator,
  endpoint: string,
  call: ApiCall = {},
): Promise<ApiAnswer> {
  const [method = "", path = ""] = endpoint.split(" ");
  const { bearer, bot, json, form, raw, base = "/api/v10" } = call;
  const response = await fetch(`${discord.url}${base}${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
      ...(bot && { Authorization: `Bot ${discord.options.botToken}` }),
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...call.headers,
    },
    body: form ? new URLSearchParams(form) : (raw ?? (json === undefined ? null : JSON.stringify(json))),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

/** Posts to the token endpoint as the application, unless the fields differ. */
export function requestToken(discord: DiscordSimulator, fields: Record<string, string>): Promise<ApiAnswer> {
  const { clientId, clientSecret } = discord.options;
  const form = { client_id: clientId, client_secret: clientSecret, ...fields };
  return callApi(discord, "POST /oauth2/token", { form });
}

export function refresh(discord: DiscordSimulator, token: string, fields: Record<string, string> = {}) {
  return requestToken(discord, { grant_type: "refresh_token", refresh_token: token, ...fields });
}

export function exchange(discord: DiscordSimulator, code: string, fields: Record<string, string> = {}) {
  return requestToken(discord, { grant_type: "authorization_code", code, redirect_uri: CALLBACK, ...fields });
}

/** Returns an authorize URL. A parameter set to undefined is omitted. */
export function authorizeUrl(
  discord: DiscordSimulator,
  parameters: Record<string, string | undefined> = {},
): string {
  const url = new URL("/oauth2/authorize", discord.url);
  const all = {
    client_id: discord.options.clientId,
    response_type: "code",
    redirect_uri: CALLBACK,
    scope: "identify",
    state: "s1",
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** Returns the query of the callback after the user has agreed. */
export async function approved(
  discord: DiscordSimulator,
  user: SimulatedUser,
  parameters: Record<string, string | undefined> = {},
): Promise<Record<string, string>> {
  return queryOf(await discord.approve(authorizeUrl(discord, parameters), { user }));
}

export function queryOf(url: string): Record<string, string> {
  return Object.fromEntries(new URL(url).searchParams);
}

/** Returns a pair of tokens from a complete login. */
export async function logIn(
  discord: DiscordSimulator,
  user: SimulatedUser,
  scope = "identify",
): Promise<TokenPair> {
  const { code } = await approved(discord, user, { scope });
  return (await exchange(discord, code!)).body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
