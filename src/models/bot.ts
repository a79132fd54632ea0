import { User } from "./user.js";

/**
 * The application's own bot user, as opposed to somebody who signed in.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object
 */
export class Bot extends User {}
