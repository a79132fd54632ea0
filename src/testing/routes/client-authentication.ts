import { refuse } from "../answer.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { oauthError } from "../oauth-errors.js";

interface ClientCredentials {
  readonly id: string | undefined;
  readonly secret: string | undefined;
}

/** Refuses a request to the token or revocation endpoint that does not come from the application. */
export function requireClient(discord: Discord, call: Call): void {
  const { application, behaviour } = discord;
  const { id, secret } = readBasic(call) ?? readForm(discord, call);
  const knowsSecret = secret === application.secret || (behaviour.publicClient && secret === undefined);
  if (id === application.id && knowsSecret) return;
  const status = behaviour.invalidClientStatus;
  refuse(
    oauthError("invalid_client", undefined, status, status === 401 ? { "WWW-Authenticate": "Basic" } : {}),
  );
}

/** Returns the form in a request. Any other body counts as an empty form. */
export function formOf({ behaviour }: Discord, { body }: Call): Readonly<Record<string, string>> {
  const isForm = body.kind === "form" || (body.kind === "multipart" && behaviour.multipartForms);
  return isForm ? body.fields : {};
}

function readForm(discord: Discord, call: Call): ClientCredentials {
  const { client_id, client_secret } = formOf(discord, call);
  return { id: client_id, secret: client_secret };
}

function readBasic(call: Call): ClientCredentials | undefined {
  const encoded = /^Basic (\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id, ...secret] = Buffer.from(encoded, "base64").toString().split(":");
  return { id: decode(id ?? ""), secret: decode(secret.join(":")) };
}

function decode(text: string): string {
  return new URLSearchParams(`text=${text}`).get("text") ?? "";
}
