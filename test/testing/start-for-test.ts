import { onTestFinished } from "vitest";
import { type DiscordSimulator, type SimulatorOptions, startDiscord } from "../../src/testing/index.js";
import { CALLBACK } from "./api-client.js";

/** Starts a simulator that stops when the test is over. */
export async function startForTest(options: SimulatorOptions = {}): Promise<DiscordSimulator> {
  const discord = await startDiscord({ redirectUris: [CALLBACK], ...options });
  onTestFinished(() => discord.close());
  return discord;
}
