import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { resolveConfig } from "../../../src/config.js";
import { Guild } from "../../../src/models/guild.js";
import { Rest } from "../../../src/rest/rest.js";
import { createUsers } from "../../../src/users/users.js";

const MEGABYTE = 1_000_000;

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}

function guildList(signIn: number): string {
  const guilds = Array.from({ length: 200 }, (_, guild) => ({
    id: String(1_100_000_000_000_000_000n + BigInt(1000 * signIn + guild)),
    name: `Guild ${guild} of sign-in ${signIn}`,
    icon: "0123456789abcdef0123456789abcdef",
    banner: null,
    owner: false,
    permissions: "2251799813748736",
    features: ["COMMUNITY", "NEWS", "INVITE_SPLASH", "ANIMATED_ICON", "WELCOME_SCREEN_ENABLED"],
  }));
  return JSON.stringify(guilds);
}

it("the guilds of any number of users with 200 guilds each take about 32 MB by default", async () => {
  const options = { clientId: "1", clientSecret: "a-secret", redirectUri: "http://127.0.0.1/" };
  const config = resolveConfig(options, () => undefined);
  const { guilds } = createUsers(config, new Rest(config));
  const load = (signIn: number) => guilds.load(async () => JSON.parse(guildList(signIn)));
  await guilds.cache.fetch("warm-up", {}, () => load(0));

  const before = heapUsed();
  for (let signIn = 0; signIn < 800; signIn += 1)
    await guilds.cache.fetch(`grant-${signIn} `, {}, () => load(signIn));
  const megabytes = (heapUsed() - before) / MEGABYTE;
  expect(megabytes).toBeLessThan(40);

  const latest = await guilds.cache.fetch("grant-799 ", {}, () => Promise.reject(new Error("not cached")));
  expect(latest).toHaveLength(200);
  expect(latest[0]).toBeInstanceOf(Guild);
});
