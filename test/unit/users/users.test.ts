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

function tokenOf(signIn: number) {
  return { id: `grant-${signIn}`, accessToken: "token", scopes: ["guilds"], issuedAt: 0, expiresAt: 0 };
}

it("the guilds of any number of users with 200 guilds each take about 32 MB by default", async () => {
  const options = { clientId: "1", clientSecret: "a-secret", redirectUri: "http://127.0.0.1/" };
  const config = resolveConfig(options, () => undefined);
  const { guilds } = createUsers(config, new Rest(config));
  const load = (signIn: number) =>
    guilds.fetch(tokenOf(signIn), async () => JSON.parse(guildList(signIn)) as unknown);
  await load(-1);

  const before = heapUsed();
  for (let signIn = 0; signIn < 800; signIn += 1) await load(signIn);
  const megabytes = (heapUsed() - before) / MEGABYTE;
  expect(megabytes).toBeLessThan(40);

  const latest = await guilds.fetch(tokenOf(799), () => Promise.reject(new Error("not cached")));
  expect(latest).toHaveLength(200);
  expect(latest[0]).toBeInstanceOf(Guild);
});
