import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Application } from "express";
import type { DiscordOAuth2Session, DiscordOptions } from "express-discord";
import { loadImagesFrom } from "./images.js";
import { type SampleDiscord, startSampleDiscord, TEST_KITCHEN } from "./sample-discord.js";

const SHUTDOWN_MS = 1000;

/** Creates an app. Options that are left out come from the environment. */
export type CreateApp = (options: DiscordOptions, guildId?: string) => Application;

/** An example that is running. */
export interface RunningExample {
  /** Such as `http://localhost:3000`. */
  readonly url: string;
  readonly app: Application;
  /** Without `DISCORD_CLIENT_ID`: the simulated Discord that the app uses. */
  readonly sample: SampleDiscord | undefined;
  close(): Promise<void>;
}

/** Why an example cannot start, as a message for the person who started it. */
class CannotStart extends Error {}

/** Whether Node was started with this file. */
export function isMain(moduleUrl: string): boolean {
  const [, script] = process.argv;
  return script !== undefined && realpathSync(script) === fileURLToPath(moduleUrl);
}

/**
 * Runs an example until Ctrl-C: on `PORT`, default 3000, with the settings in `.env` if there is one.
 *
 * @param hint returns further text to print at the start
 */
export async function run(
  createApp: CreateApp,
  callbackPath: string,
  hint: (example: RunningExample) => string | Promise<string> = () => "",
): Promise<void> {
  try {
    readDotEnv();
    const example = await startExample(createApp, { port: portOf(process.env["PORT"]), callbackPath });
    console.log(greeting(example) + (await hint(example)));
    const stop = () => void example.close();
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  } catch (error) {
    console.error(isPlain(error) ? error.message : error);
    process.exitCode = 1;
  }
}

/** Whether the message needs no stack, like the list of mistakes in the configuration. */
function isPlain(error: unknown): error is Error {
  if (error instanceof CannotStart) return true;
  return (
    error instanceof TypeError && error.message.startsWith("express-discord is not configured correctly")
  );
}

/** Starts an example with the real Discord if `DISCORD_CLIENT_ID` is set, otherwise with its own simulator. */
export async function startExample(
  createApp: CreateApp,
  { port, callbackPath }: { readonly port: number; readonly callbackPath: string },
): Promise<RunningExample> {
  const server = await listen(port);
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const sample = process.env["DISCORD_CLIENT_ID"] ? undefined : await startSampleDiscord();
  const redirectUri = sample ? undefined : process.env["DISCORD_REDIRECT_URI"];

  async function stop(): Promise<void> {
    await stopListening(server);
    await sample?.simulator.close();
  }

  try {
    if (sample) {
      sample.simulator.addRedirectUri(url + callbackPath);
      loadImagesFrom(sample.simulator.url);
    }
    const app = createApp(
      { ...sample?.simulator.options, redirectUri: redirectUri || url + callbackPath },
      sample && TEST_KITCHEN,
    );
    app.locals["people"] = sample?.people;
    server.on("request", app);
    const close = async () => {
      await stop();
      const discord: DiscordOAuth2Session = app.get("discord");
      await discord.close();
    };
    return { url, app, sample, close };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readDotEnv(): void {
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function portOf(text: string | undefined): number {
  if (!text) return 3000;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new CannotStart(`PORT must be a number from 0 to 65535, not "${text}".`);
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, port)));
    server.listen(port, resolve);
  });
  return server;
}

/** Lets requests finish. Browsers also keep connections open that they never use. */
async function stopListening(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS);
  await closed;
  clearTimeout(deadline);
}

function explain(error: NodeJS.ErrnoException, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new CannotStart(
        `Port ${port} is in use by another program: stop that one, or choose another port with PORT=3001.`,
      );
    case "EACCES":
      return new CannotStart(`Port ${port} needs more rights: choose one above 1023 with PORT=3001.`);
    default:
      return error;
  }
}

function greeting({ url, sample }: RunningExample): string {
  const open = `The sample app is at ${url} (stop it with Ctrl-C).`;
  if (!sample) return `${open}\nIt talks to Discord, as the application ${process.env["DISCORD_CLIENT_ID"]}.`;
  return `${open}

No DISCORD_CLIENT_ID is set, so the app talks to a simulated Discord on this machine (${sample.simulator.url}).
You need no account, and nothing leaves this machine. Sign in as Mira, who owns a server, as Tomás or as Noor.
For the real Discord, copy .env.example to .env and fill it in.`;
}
