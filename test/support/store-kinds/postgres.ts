import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { layLine } from "../cuttable-line.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

/** No test restarts the server: nothing has to be on the disk when it is answered. */
export const WITHOUT_FSYNC = "-c synchronous_commit=off";

/** On PostgreSQL; compares with `Date`. */
export const POSTGRES = postgresWith("connect-pg-simple", "varchar");

/** The same with a table whose keys must be UUIDs. */
export const POSTGRES_UUID = postgresWith("connect-pg-simple with a column of UUIDs", "uuid");

function postgresWith(name: string, keyType: "varchar" | "uuid"): StoreKind {
  return {
    name,
    isServed: services.databaseUrl !== undefined,
    canGoAway: true,
    async open() {
      const line = await layLine(services.databaseUrl ?? "");
      const pool = new pg.Pool({ connectionString: line.url, options: WITHOUT_FSYNC });
      pool.on("error", () => undefined);
      // A schema for each: the table's index has the same name in all, and a run that was killed leaves its own behind.
      const schemaName = `test_${randomName()}`;
      const table = `"${schemaName}".session`;
      await pool.query(`CREATE SCHEMA "${schemaName}"`);
      await pool.query(
        `CREATE TABLE ${table} (sid ${keyType} PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)`,
      );
      const PgStore = connectPgSimple(session);
      const store = new PgStore({ pool, schemaName, pruneSessionInterval: false });
      onTestFinished(async () => {
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
          begin: async () => line.cut(),
          end: async () => line.mend(),
        },
      };
    },
  };
}
