import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Application } from "express";
import ts from "typescript";
import { onTestFinished, vi } from "vitest";
import * as library from "../../src/index.js";
import * as testing from "../../src/testing/index.js";
import { startSimulator } from "./app.js";

/** A sample of a guide, running against a simulator of its own. */
export interface RunningSample {
  readonly url: string;
  readonly simulator: testing.DiscordSimulator;
  browser(): testing.Browser;
}

export interface SampleOptions {
  /** The path of the redirect URI. */
  readonly callbackPath?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Replaces what the sample declares and leaves to the reader. */
  readonly declared?: Readonly<Record<string, unknown>>;
  /** Routes that the sample leaves to the reader, added after it. */
  readonly routes?: (app: Application, simulator: testing.DiscordSimulator) => void;
}

/**
 * Runs the first TypeScript sample below a heading of a guide as an app that is configured by the environment. The
 * sample must call its app `app`. If it creates a `server`, that one is started.
 */
export async function runSample(
  file: string,
  heading: string,
  options: SampleOptions = {},
): Promise<RunningSample> {
  const simulator = await startSimulator();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const redirectUri = `${url}${options.callbackPath ?? "/auth/callback"}`;
  simulator.addRedirectUri(redirectUri);
  const environment = {
    DISCORD_CLIENT_ID: simulator.options.clientId,
    DISCORD_CLIENT_SECRET: simulator.options.clientSecret,
    DISCORD_BOT_TOKEN: simulator.options.botToken,
    DISCORD_URL: simulator.url,
    DISCORD_REDIRECT_URI: redirectUri,
    SESSION_SECRET: "a secret of the session cookie",
    ...options.environment,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const sample = await evaluate(sampleBelow(file, heading), options.declared);
  options.routes?.(sample.app, simulator);
  if (sample.server) for (const event of ["request", "upgrade"]) forward(event, server, sample.server);
  else server.on("request", sample.app);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, simulator, browser: () => simulator.browser(url) };
}

function sampleBelow(file: string, heading: string): string {
  const [, section] = readFileSync(file, "utf8").split(new RegExp(`^#+ ${heading}$`, "m"));
  const code = section?.match(/^```ts\n([\s\S]*?)^```$/m)?.[1];
  if (code === undefined) throw new Error(`${file} has no sample below "${heading}".`);
  return code;
}

interface Sample {
  readonly app: Application;
  readonly server: Server | undefined;
}

async function evaluate(code: string, declared: Readonly<Record<string, unknown>> = {}): Promise<Sample> {
  const { outputText } = ts.transpileModule(code.replace(/^(?:app|server)\.listen\(.*$/m, ""), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      moduleDetection: ts.ModuleDetectionKind.Force,
    },
  });
  const modules = new Map<string, unknown>([
    ["express-discord", library],
    ["express-discord/testing", testing],
  ]);
  for (const [, name = ""] of outputText.matchAll(/\brequire\("([^"]+)"\)/g)) {
    if (!modules.has(name)) modules.set(name, { ...(await import(name)), __esModule: true });
  }
  const body = `return (async () => {${outputText}\nreturn { app, server: typeof server === "undefined" ? undefined : server }; })();`;
  const run = new Function("require", "exports", ...Object.keys(declared), body);
  return run((name: string) => modules.get(name), {}, ...Object.values(declared));
}

function forward(event: string, from: Server, to: Server): void {
  from.on(event, (...args) => to.emit(event, ...args));
}
