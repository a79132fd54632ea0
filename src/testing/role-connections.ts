/** What the application says about a user for linked roles. */
export interface RoleConnection {
  readonly platform_name: string | null;
  readonly platform_username: string | null;
  /** Values are texts, as the API sends them back. */
  readonly metadata: Readonly<Record<string, string>>;
}

const NOTHING: RoleConnection = { platform_name: null, platform_username: null, metadata: {} };

/** The linked roles of the application. */
export class RoleConnections {
  /** What the application can say about a user. */
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
