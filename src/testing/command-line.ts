import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { OpenActivity } from "./open-activity.js";
import { plantSeed, readSeed, type Seed } from "./seed.js";
import type { DiscordSimulator } from "./simulator.js";
import { type SimulatorOptions, startDiscord } from "./start-discord.js";
import { isAbsoluteUrl, isWebUrl } from "./web-url.js";

const USUAL_PORT = 4000;

/** The output of `--help`. */
export const USAGE = `Usage: express-discord simulator [options]

Starts a simulated Discord on this machine. It needs no account and no network.

  --port <number>         the port to listen on (default: ${USUAL_PORT}; 0 lets the system choose)
  --host <address>        the address to listen on (default: 127.0.0.1; 0.0.0.0 for other machines and containers)
  --public-url <url>      the URL by which apps and browsers reach it, if it differs
  --seed <file.json>      the application, users and guilds to start with
  --redirect-uri <url>    registers a redirect URI; may be repeated. Without any, every http or https URL is accepted
  --activity <url>        opens the app at this address as an Activity, on a page that stands in for Discord's client
  --help                  shows this text`;

/** A parsed command line. */
export type Command =
  | { readonly kind: "help" }
  | {
      readonly kind: "simulator";
      readonly options: SimulatorOptions;
      readonly seed: Seed;
      /** The URL of the app to open as an Activity. */
      readonly activityUrl: string | undefined;
    };

/** The started simulator. */
export interface Started {
  readonly discord: DiscordSimulator;
  readonly activity: OpenActivity | undefined;
}

/** An invalid command line. The message is for the user. */
export class UsageError extends Error {}

/** Parses a command line. @throws UsageError for an invalid command line or seed */
export function readCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: "help" };
  if (positionals.length !== 1 || positionals[0] !== "simulator") {
    throw new UsageError(`The only command is "simulator".\n\n${USAGE}`);
  }
  const seed = values.seed === undefined ? {} : readSeedFile(values.seed);
  const registered = [...(values["redirect-uri"] ?? []), ...(seed.application?.redirectUris ?? [])];
  const options = {
    ...seed.application,
    port: readPort(values.port),
    ...(values.host !== undefined && { host: values.host }),
    ...(values["public-url"] !== undefined && { publicUrl: readWebUrl(values["public-url"]) }),
    redirectUris: registered.map(readUrl),
    behaviour: { strictRedirectUris: registered.length > 0, ...seed.behaviour },
  };
  const activityUrl = values.activity === undefined ? undefined : readWebUrl(values.activity);
  return { kind: "simulator", options, seed, activityUrl };
}

/** Starts the simulator for a command line. */
export async function startFromCommand({
  options,
  seed,
  activityUrl,
}: Extract<Command, { kind: "simulator" }>): Promise<Started> {
  const discord = await startDiscord(options);
  try {
    plantSeed(discord, seed);
  } catch (error) {
    await discord.close();
    throw error instanceof TypeError ? new UsageError(`The seed is wrong: ${error.message}`) : error;
  }
  const activity =
    activityUrl === undefined ? undefined : await discord.openActivity({ appUrl: activityUrl });
  return { discord, activity };
}

/** Returns the text to print when the simulator has started: its URL and the `.env` lines for the app. */
export function greetingOf({ discord, activity }: Started, redirectUri: string | undefined): string {
  const { botToken, clientId, clientSecret, discordUrl } = discord.options;
  const lines = [
    `DISCORD_CLIENT_ID=${clientId}`,
    `DISCORD_CLIENT_SECRET=${clientSecret}`,
    `DISCORD_BOT_TOKEN=${botToken}`,
    `DISCORD_URL=${discordUrl}`,
    ...(redirectUri === undefined ? [] : [`DISCORD_REDIRECT_URI=${redirectUri}`]),
    ...(activity ? [`DISCORD_PUBLIC_KEY=${discord.publicKey}`] : []),
  ];
  const client = activity ? `\nOpen your Activity at ${activity.url}\n` : "";
  return `The simulated Discord is at ${discord.url} (stop it with Ctrl-C).\n\nFor the .env file of your app:\n\n${lines.join("\n")}\n${client}`;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        "public-url": { type: "string" },
        seed: { type: "string" },
        "redirect-uri": { type: "string", multiple: true },
        activity: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function readSeedFile(path: string): Seed {
  try {
    return readSeed(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`The seed ${path} is wrong: ${error instanceof Error ? error.message : error}`);
  }
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? USUAL_PORT);
  if (text !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535, not "${text}".`);
}

function readWebUrl(text: string): string {
  if (isWebUrl(text)) return text;
  if (!URL.canParse(text)) return readUrl(text);
  throw new UsageError(`"${text}" is not an http or https URL, such as http://localhost:3000.`);
}

function readUrl(text: string): string {
  if (isAbsoluteUrl(text)) return text;
  throw new UsageError(`"${text}" is not a URL: write it with its scheme, such as http://localhost:3000.`);
}
