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
export const POSTGRES: StoreKind = {
  name: "connect-pg-simple",
  isServed: services.databaseUrl !== undefined,
  canGoAway: true,
  async open() {
    const line = await layLine(services.databaseUrl ?? "");
    const pool = new pg.Pool({ connectionString: line.url, options: WITHOUT_FSYNC });
    pool.on("error", () => undefined);
    // A schema for each: the table's index has the same name in all, and a run that was killed leaves its own behind.
    const schemaName = `test_${randomName()}`;
    await pool.query(`CREATE SCHEMA "${schemaName}"`);
    const PgStore = connectPgSimple(session);
    const store = new PgStore({ pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false });
    onTestFinished(async () => {
      await pool.query(`DROP SCHEMA "${schemaName}" CASCADE`);
      await pool.end();
    });
    return {
      store,
      async keys() {
        const { rows } = await pool.query<{ sid: string }>(`SELECT sid FROM "${schemaName}".session`);
        return rows.map(({ sid }) => sid);
      },
      async lifetimeMs(key) {
        const query = `SELECT expire FROM "${schemaName}".session WHERE sid = $1`;
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
