/** This package's version, as package.json has it: a test compares the two. */
export const VERSION = "1.0.0";

/**
 * The form Discord asks for; its edge may refuse others.
 *
 * @see https://docs.discord.com/developers/reference#user-agent
 */
export const USER_AGENT = `DiscordBot (https://www.npmjs.com/package/express-discord, ${VERSION})`;
