/** This package's version. A test compares it with package.json. */
export const VERSION = "1.0.0";

/**
 * The `User-Agent` header, in the format that Discord requires. Cloudflare may block other formats.
 *
 * @see https://docs.discord.com/developers/reference#user-agent
 */
export const USER_AGENT = `DiscordBot (https://www.npmjs.com/package/express-discord, ${VERSION})`;
