import { type DiscordSimulator, type SimulatedUser, startDiscord } from "express-discord/testing";

const MANAGE_GUILD = 1n << 5n;
const ADMINISTRATOR = 1n << 3n;

/** A server that Mira owns; the bot is in it, Tomás and Noor are not. */
export const TEST_KITCHEN = "1200000000000000001";
/** A server that Mira manages. */
export const SCRIPT_SOCIETY = "1200000000000000003";
/** A server that Mira is in, and Tomás owns. */
export const TRAIL_RUNNERS = "1200000000000000004";

/** Names of pictures: the simulator draws one for each. */
const MIRA = "6d697261000000000000000000000000";
const TOMAS = "746f6d61730000000000000000000000";
const KITCHEN = "6b69746368656e000000000000000000";
const TRAIL = "747261696c0000000000000000000000";

/** A Discord on this machine, and who is in it. */
export interface SampleDiscord {
  readonly simulator: DiscordSimulator;
  readonly mira: SimulatedUser;
  readonly tomas: SimulatedUser;
  readonly noor: SimulatedUser;
}

/**
 * A Discord on this machine with a few people in it, to click through an app without an account or an application. Names are
 * people's own choice at Discord, so some here are what no page should take for HTML.
 */
export async function startSampleDiscord(): Promise<SampleDiscord> {
  const discord = await startDiscord({ appName: "Sample app" });
  const mira = discord.addUser({
    id: "1100000000000000001",
    username: "mira.k",
    global_name: "Mira",
    avatar: MIRA,
  });
  const tomas = discord.addUser({
    id: "1100000000000000002",
    username: "tomas",
    global_name: "Tomás",
    avatar: TOMAS,
  });
  const noor = discord.addUser({ id: "1100000000000000003", username: "noor_", global_name: "<i>Noor</i>" });

  const kitchen = discord.addGuild({
    id: TEST_KITCHEN,
    name: "Test Kitchen",
    icon: KITCHEN,
    roles: [
      { id: "1300000000000000001", name: "Head chef" },
      { id: "1300000000000000002", name: "Taster & critic" },
    ],
  });
  discord.addMember(kitchen, mira, {
    owner: true,
    nick: "Chef Mira",
    roles: ["1300000000000000001", "1300000000000000002"],
  });

  const boardGames = discord.addGuild({
    id: "1200000000000000002",
    name: "Board Games & Coffee",
    roles: [{ id: "1300000000000000003", name: "Organiser", permissions: ADMINISTRATOR }],
  });
  discord.addMember(boardGames, mira, { roles: ["1300000000000000003"] });
  discord.addMember(boardGames, tomas);
  discord.addMember(boardGames, noor);

  const scriptSociety = discord.addGuild({
    id: SCRIPT_SOCIETY,
    name: "<script>alert(1)</script>",
    bot: false,
    roles: [{ id: "1300000000000000004", name: '"><b>Scribe', permissions: MANAGE_GUILD }],
  });
  discord.addMember(scriptSociety, mira, {
    nick: "<img src=x onerror=alert(1)>",
    roles: ["1300000000000000004"],
  });

  const trailRunners = discord.addGuild({ id: TRAIL_RUNNERS, name: "Trail Runners", icon: TRAIL });
  discord.addMember(trailRunners, tomas, { owner: true });
  discord.addMember(trailRunners, mira);

  discord.addConnection(mira, { type: "github", name: "mira-k" });
  discord.addConnection(mira, { type: "steam", name: "mira <3", verified: false, visibility: 0 });
  return { simulator: discord, mira, tomas, noor };
}
