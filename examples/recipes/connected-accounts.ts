import {
  type ConnectedLogin,
  type DiscordOAuth2Session,
  Forbidden,
  type Token,
  type UserSession,
} from "express-discord";
import type { Pool } from "pg";

export const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS discord_accounts (
    discord_id text PRIMARY KEY,  -- belongs to one account of yours
    account_id text NOT NULL,     -- may have several; REFERENCES your_accounts (id) ON DELETE CASCADE
    token      jsonb NOT NULL     -- as good as a password
  );
  CREATE INDEX IF NOT EXISTS discord_accounts_of ON discord_accounts (account_id);`;

/** The Discord accounts that are connected to accounts of your own. */
export class ConnectedAccounts {
  readonly #discord: DiscordOAuth2Session;
  readonly #pool: Pool;

  constructor(discord: DiscordOAuth2Session, pool: Pool) {
    this.#discord = discord;
    this.#pool = pool;
  }

  /** @throws Forbidden if another account here is connected to that Discord account */
  async connect(accountId: string, { userId, token }: ConnectedLogin): Promise<void> {
    const { rowCount } = await this.#pool.query(
      `INSERT INTO discord_accounts (discord_id, account_id, token) VALUES ($1, $2, $3)
       ON CONFLICT (discord_id) DO UPDATE SET token = excluded.token
       WHERE discord_accounts.account_id = excluded.account_id`,
      [userId, accountId, token],
    );
    if (rowCount === 0) throw new Forbidden("This Discord account is connected to somebody else's account.");
  }

  /** The ids of the Discord accounts that are connected to one of yours. */
  async list(accountId: string): Promise<string[]> {
    const { rows } = await this.#pool.query<{ discord_id: string }>(
      "SELECT discord_id FROM discord_accounts WHERE account_id = $1 ORDER BY discord_id",
      [accountId],
    );
    return rows.map((row) => row.discord_id);
  }

  /** Calls Discord as that account; `undefined` if it is not connected. */
  async session(accountId: string, discordId: string): Promise<UserSession | undefined> {
    const { rows } = await this.#pool.query<{ token: Token }>(
      "SELECT token FROM discord_accounts WHERE account_id = $1 AND discord_id = $2",
      [accountId, discordId],
    );
    const token = rows[0]?.token;
    return (
      token && this.#discord.sessionFromToken(token, (next, former) => this.#keep(discordId, next, former))
    );
  }

  /** Deletes the token. `revoke: true` also ends the user's sign-ins to your application, on all their devices. */
  async disconnect(accountId: string, discordId: string, { revoke = false } = {}): Promise<void> {
    const { rows } = await this.#pool.query<{ token: Token }>(
      "DELETE FROM discord_accounts WHERE account_id = $1 AND discord_id = $2 RETURNING token",
      [accountId, discordId],
    );
    const token = rows[0]?.token;
    if (token && revoke) await this.#discord.sessionFromToken(token).revoke();
  }

  /** A new pair replaces the previous one, unless the account was disconnected or connected again in the meantime. */
  async #keep(discordId: string, next: Token | undefined, former: Token): Promise<void> {
    // Discord has refused the token. It stays until the account is connected again: another process may hold a newer one.
    if (!next) return;
    await this.#pool.query(
      "UPDATE discord_accounts SET token = $3 WHERE discord_id = $1 AND token ->> 'accessToken' = $2",
      [discordId, former.accessToken, next],
    );
  }
}
