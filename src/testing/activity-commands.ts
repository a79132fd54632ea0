import type { Discord } from "./discord.js";
import { textOf } from "./json-text.js";
import { CANCELLED } from "./oauth-errors.js";
import type { ActivityFrame } from "./open-activity.js";
import { toTimestamp } from "./timestamp.js";

/** The codes of RPC errors. */
const ERRORS = {
  invalidPayload: 4000,
  invalidCommand: 4002,
  invalidClientId: 4007,
  invalidToken: 4009,
  oauth2: 5000,
} as const;

/** The number of console messages that an Activity keeps. */
const KEPT_LOGS = 1_000;

/** A command of the Embedded App SDK. */
export interface ActivityCommand {
  readonly cmd?: unknown;
  readonly evt?: unknown;
  readonly args?: unknown;
  /** The query of the redirect from the consent page. */
  readonly consented: string | undefined;
}

/** The result of a command. */
export type CommandOutcome =
  | { readonly data: object | null; readonly status?: string }
  | { readonly consent: string }
  | { readonly error: { readonly code: number; readonly message: string } };

type Args = Readonly<Record<string, unknown>>;
type Run = (discord: Discord, frame: ActivityFrame, args: Args, command: ActivityCommand) => CommandOutcome;

const COMMANDS: Readonly<Record<string, Run>> = {
  AUTHORIZE: authorize,
  AUTHENTICATE: authenticate,
  CAPTURE_LOG: captureLog,
  SUBSCRIBE: (_discord, _frame, _args, { evt }) => ({ data: { evt } }),
  UNSUBSCRIBE: (_discord, _frame, _args, { evt }) => ({ data: { evt } }),
};

/** Runs a command of the Embedded App SDK. */
export function activityCommand(
  discord: Discord,
  frame: ActivityFrame,
  command: ActivityCommand,
): CommandOutcome {
  const name = textOf(command.cmd);
  const run = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (run === undefined) {
    const known = Object.keys(COMMANDS).join(", ");
    return fail("invalidCommand", `The simulated Discord does not know ${name}. It knows ${known}.`);
  }
  const { args } = command;
  return run(discord, frame, typeof args === "object" && args !== null ? (args as Args) : {}, command);
}

function authorize(
  { application }: Discord,
  frame: ActivityFrame,
  args: Args,
  { consented }: ActivityCommand,
): CommandOutcome {
  if (args["client_id"] !== application.id) return fail("invalidClientId", "Invalid Client ID");
  const { scope } = args;
  if (!Array.isArray(scope)) return fail("invalidPayload", 'child "scope" fails because it must be an array');
  if (consented !== undefined) return codeFrom(new URLSearchParams(consented));
  const query = new URLSearchParams({
    client_id: application.id,
    response_type: "code",
    scope: scope.map(textOf).join(" "),
  });
  for (const name of ["prompt", "code_challenge", "code_challenge_method"]) {
    const value = args[name];
    if (typeof value === "string") query.set(name, value);
  }
  return { consent: `/activities/${frame.id}/authorize?${query}` };
}

/** Returns only the code: the SDK does not pass on the state. */
function codeFrom(query: URLSearchParams): CommandOutcome {
  const code = query.get("code");
  if (code !== null) return { data: { code } };
  const error = query.get("error") ?? "access_denied";
  return fail("oauth2", `OAuth2 Error: ${error}: ${query.get("error_description") ?? CANCELLED}`);
}

function authenticate(discord: Discord, { instance }: ActivityFrame, args: Args): CommandOutcome {
  const found = discord.authorizations.findAccessToken(textOf(args["access_token"]));
  if (found === undefined) return fail("invalidToken", "Invalid access token");
  const { user } = found.authorization;
  instance.users.add(user);
  const { id, name, icon, description } = discord.application.payload;
  const { avatar, discriminator, global_name, public_flags, username } = user.payload;
  return {
    data: {
      access_token: found.token,
      user: { id: user.id, username, discriminator, global_name, avatar, public_flags },
      scopes: found.scopes,
      expires: toTimestamp(found.expiresAt),
      application: { id, name, icon, description },
    },
    status: `${user.displayName} is signed in.`,
  };
}

function captureLog(_discord: Discord, { logs }: ActivityFrame, args: Args): CommandOutcome {
  logs.push({ level: textOf(args["level"]), message: textOf(args["message"]) });
  if (logs.length > KEPT_LOGS) logs.shift();
  return { data: null };
}

function fail(error: keyof typeof ERRORS, message: string): CommandOutcome {
  return { error: { code: ERRORS[error], message } };
}
