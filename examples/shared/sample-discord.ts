import { User } from "express-discord";
import {
  type DiscordSimulator,
  type SimulatedGuild,
  type SimulatedUser,
  startDiscord,
} from "express-discord/testing";

const MANAGE_GUILD = 1n << 5n;
const ADMINISTRATOR = 1n << 3n;

/** A server that Mira owns. The bot is in it, Tomás and Noor are not. */
export const TEST_KITCHEN = "1200000000000000001";
/** A server that Mira administers. The bot, Tomás and Noor are in it. */
export const BOARD_GAMES = "1200000000000000002";
/** A server that Mira manages, without the bot. */
export const SCRIPT_SOCIETY = "1200000000000000003";
/** A server that Tomás owns. Mira is in it. */
export const TRAIL_RUNNERS = "1200000000000000004";

/** Hashes of pictures: the simulator draws one for each. */
const MIRA = "6d69726100000000000000000000000c";
const TOMAS = "746f6d61730000000000000000000000";
const KITCHEN = "6b69746368656e000000000000000000";
const TRAIL = "747261696c0000000000000000000002";

/** A user to sign in as. */
export interface Person {
  readonly name: string;
  /** The URL at Discord's CDN. */
  readonly picture: string;
  readonly about: string;
}

/** A simulated Discord and its users. */
export interface SampleDiscord {
  readonly simulator: DiscordSimulator;
  readonly people: readonly Person[];
  readonly mira: SimulatedUser;
  readonly tomas: SimulatedUser;
  readonly noor: SimulatedUser;
  readonly kitchen: SimulatedGuild;
}

/**
 * Starts a Discord on this machine with a few people in it, to try an app without an account or an application. People
 * choose their names freely at Discord, so some names here look like HTML.
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
  const noor = discord.addUser({ id: "1100000000000000003", username: "noor_", global_name: "Noor" });

  const kitchen = discord.addGuild({
    id: TEST_KITCHEN,
    name: "Test Kitchen",
    icon: KITCHEN,
    roles: [
      { id: "1300000000000000001", name: "Head chef", color: 0xe67e22 },
      { id: "1300000000000000002", name: "Taster & critic", color: 0x2ecc71 },
      { id: "1300000000000000005", name: "Dishwasher" },
    ],
    channels: [
      { id: "1400000000000000001", name: "welcome" },
      { id: "1400000000000000002", name: "recipes" },
    ],
  });
  discord.addMember(kitchen, mira, {
    owner: true,
    nick: "Chef Mira",
    roles: ["1300000000000000001", "1300000000000000002"],
  });

  const boardGames = discord.addGuild({
    id: BOARD_GAMES,
    name: "Board Games & Coffee",
    roles: [{ id: "1300000000000000003", name: "Organiser", permissions: ADMINISTRATOR, color: 0x3498db }],
    channels: [{ id: "1400000000000000003", name: "general" }],
  });
  discord.addMember(boardGames, mira, { roles: ["1300000000000000003"] });
  discord.addMember(boardGames, tomas);
  discord.addMember(boardGames, noor);

  const scriptSociety = discord.addGuild({
    id: SCRIPT_SOCIETY,
    name: "<script>alert(1)</script>",
    bot: false,
    roles: [{ id: "1300000000000000004", name: '"><b>Scribe', permissions: MANAGE_GUILD, color: 0x9b59b6 }],
    channels: [{ id: "1400000000000000004", name: "general" }],
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
  const people = [
    person(mira, "owns a server and manages two more."),
    person(tomas, "owns a server that the bot is in."),
    person(noor, "is new here, and manages nothing."),
  ];
  return { simulator: discord, people, mira, tomas, noor, kitchen };
}

function person({ payload }: SimulatedUser, about: string): Person {
  const { displayName, displayAvatarUrl } = new User(payload);
  return { name: displayName, picture: displayAvatarUrl, about };
}
