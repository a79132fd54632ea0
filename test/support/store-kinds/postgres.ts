import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import pg from "pg";
import { inject, onTestFinished, vi } from "vitest";
import { layLine, laySocket } from "../cuttable-line.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

/** No test restarts the server, so writes need not be on disk when they are answered. */
export const WITHOUT_FSYNC = "-c synchronous_commit=off";

/** On PostgreSQL. Compares with `Date`. */
export const POSTGRES = postgresWith({ name: "connect-pg-simple", keyType: "varchar", way: line });

/** On PostgreSQL, with a table whose keys must be UUIDs. */
export const POSTGRES_UUID = postgresWith({
  name: "connect-pg-simple with a column of UUIDs",
  keyType: "uuid",
  way: line,
});

/** On PostgreSQL, through a Unix domain socket. */
export const POSTGRES_SOCKET = postgresWith({
  name: "connect-pg-simple on a Unix domain socket",
  keyType: "varchar",
  way: socketFile,
});

/** How to reach the server, and how to cut the connection. */
type Way = (serverUrl: string) => Promise<{
  readonly config: pg.PoolConfig;
  readonly cuttable: { cut(): void; mend(): void };
}>;

async function line(serverUrl: string): ReturnType<Way> {
  const cuttable = await layLine(serverUrl);
  return { config: { connectionString: cuttable.url }, cuttable };
}

async function socketFile(serverUrl: string): ReturnType<Way> {
  const cuttable = await laySocket(serverUrl, ".s.PGSQL.5432");
  const { username, password, pathname } = new URL(serverUrl);
  const account = { user: username, password, database: pathname.slice(1) };
  return { config: { ...account, host: cuttable.folder, port: 5432 }, cuttable };
}

function postgresWith({
  name,
  keyType,
  way,
}: {
  readonly name: string;
  readonly keyType: "varchar" | "uuid";
  readonly way: Way;
}): StoreKind {
  return {
    name,
    isServed: services.databaseUrl !== undefined,
    canGoAway: true,
    async open() {
      const { config, cuttable } = await way(services.databaseUrl ?? "");
      const pool = new pg.Pool({ ...config, options: WITHOUT_FSYNC });
      pool.on("error", () => undefined);
      // A schema for each: the table's index has the same name in all, and a killed run leaves its own behind.
      const schemaName = `test_${randomName()}`;
      const table = `"${schemaName}".session`;
      await pool.query(`CREATE SCHEMA "${schemaName}"`);
      await pool.query(
        `CREATE TABLE ${table} (sid ${keyType} PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
      );
      const PgStore = connectPgSimple(session);
      const store = new PgStore({ pool, schemaName, pruneSessionInterval: false });
      onTestFinished(async () => {
        cuttable.mend();
        await pool.query(`DROP SCHEMA "${schemaName}" CASCADE`);
        await pool.end();
      });
      return {
        store,
        async keys() {
          const { rows } = await pool.query<{ sid: string }>(`SELECT sid FROM ${table}`);
          return rows.map(({ sid }) => sid);
        },
        async lifetimeMs(key) {
          const query = `SELECT expire FROM ${table} WHERE sid = $1`;
          const { rows } = await pool.query<{ expire: Date }>(query, [key]);
          return (rows[0]?.expire.getTime() ?? 0) - Date.now();
        },
        outage: {
          async begin() {
            cuttable.cut();
            await vi.waitUntil(() => pool.totalCount === 0);
          },
          end: async () => cuttable.mend(),
        },
      };
    },
  };
}
