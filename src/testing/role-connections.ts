/** A user's role connection. */
export interface RoleConnection {
  readonly platform_name: string | null;
  readonly platform_username: string | null;
  /** The values, as strings like in the API. */
  readonly metadata: Readonly<Record<string, string>>;
}

const NOTHING: RoleConnection = { platform_name: null, platform_username: null, metadata: {} };

/** The role connections of the application's users. */
export class RoleConnections {
  /** The registered metadata records. */
  metadata: readonly unknown[] = [];
  readonly #byUser = new Map<string, RoleConnection>();

  of(userId: string): RoleConnection {
    return this.#byUser.get(userId) ?? NOTHING;
  }

  replace(userId: string, connection: RoleConnection): void {
    this.#byUser.set(userId, connection);
  }

  remove(userId: string): void {
    this.#byUser.delete(userId);
  }
}
