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

/** Only the system's errors have a code, such as a port in use. */
function explain(error: unknown): unknown {
  return error instanceof Error && "code" in error ? `It cannot listen there: ${error.message}` : error;
}
