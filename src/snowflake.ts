import { badInput } from "./errors.js";
import { shown } from "./shown.js";

const SNOWFLAKE = /^\d{1,20}$/;
const LARGEST = 2n ** 64n - 1n;
const DISCORD_EPOCH_MS = 1_420_070_400_000n;

/**
 * Whether a value is a Discord id: a decimal string of an unsigned 64-bit integer. Check ids from visitors before you use
 * them in a route.
 *
 * @example
 * ```ts
 * app.get("/servers/:id/roles", requiresAuthorization, async (req, res) => {
 *   const { id } = req.params;
 *   if (isSnowflake(id)) res.json(await discord.botRequest(`/guilds/${id}/roles`));
 *   else res.sendStatus(404);
 * });
 * ```
 *
 * @see https://docs.discord.com/developers/reference#snowflakes
 */
export function isSnowflake(value: unknown): value is string {
  return typeof value === "string" && SNOWFLAKE.test(value) && BigInt(value) <= LARGEST;
}

/**
 * @returns `value` itself
 * @throws TypeError with `status` 400 and `code` `invalid_snowflake`
 */
export function requireSnowflake(value: unknown, name: string): string {
  if (isSnowflake(value)) return value;
  throw badInput(
    "invalid_snowflake",
    `${name} must be a snowflake, a string of 1 to 20 digits such as "80351110224678912", not ${shown(value)}.`,
  );
}

/**
 * Returns the creation time that is encoded in an id.
 *
 * @see https://docs.discord.com/developers/reference#snowflakes
 */
export function createdAtOf(id: string): Date {
  return new Date(Number((BigInt(id) >> 22n) + DISCORD_EPOCH_MS));
}
