#!/usr/bin/env node
import { greetingOf, readCommandLine, startFromCommand, USAGE, UsageError } from "./command-line.js";

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : explain(error));
  process.exitCode = 1;
});

async function run(args: readonly string[]): Promise<void> {
  const command = readCommandLine(args);
  if (command.kind === "help") {
    console.log(USAGE);
    return;
  }
  const started = await startFromCommand(command);
  console.log(greetingOf(started, command.options.redirectUris?.[0]));
  const stop = () => void started.discord.close();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

/** Only errors of the system have a code, for example when a port is in use. */
function explain(error: unknown): unknown {
  return error instanceof Error && "code" in error
    ? `The simulator cannot listen there: ${error.message}`
    : error;
}
