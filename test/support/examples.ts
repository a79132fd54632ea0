import { onTestFinished, vi } from "vitest";
import { type CreateApp, type RunningExample, startExample } from "../../examples/shared/run.js";
import type { SampleDiscord } from "../../examples/shared/sample-discord.js";

/** An example for one test, on a Discord of its own. */
export async function startForTest(
  createApp: CreateApp,
  callbackPath: string,
): Promise<Omit<RunningExample, "sample"> & SampleDiscord> {
  vi.stubEnv("DISCORD_CLIENT_ID", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const example = await startExample(createApp, { port: 0, callbackPath });
  onTestFinished(() => example.close());
  if (!example.sample) throw new Error("The example talks to the real Discord.");
  return { ...example, ...example.sample };
}
