import mysqlSession from "express-mysql-session";
import session from "express-session";
import { createPool, type RowDataPacket } from "mysql2/promise";
import { inject, onTestFinished } from "vitest";
import { layLine } from "../cuttable-line.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

/** No test restarts the server, so writes need not be on disk when they are answered. */
export const WITHOUT_FSYNC = "ALTER TABLE ?? ENGINE = MyISAM";

/**
 * On MariaDB. Compares with `Date`, in whole seconds. Its promises resolve with nothing: the value is in the callback.
 */
export const MYSQL: StoreKind = {
  name: "express-mysql-session",
  isServed: services.mariadbUrl !== undefined,
  canGoAway: true,
  async open() {
    const line = await layLine(services.mariadbUrl ?? "");
    const pool = createPool(services.mariadbUrl ?? "");
    const tableName = `sessions_${randomName()}`;
    const MySqlStore = mysqlSession(session);
    const { hostname: host, port, username: user, password, pathname } = new URL(line.url);
    const server = { host, port: Number(port), user, password, database: pathname.slice(1) };
    const store = new MySqlStore({ ...server, clearExpired: false, schema: { tableName } });
    await store.onReady();
    await pool.query(WITHOUT_FSYNC, [tableName]);
    onTestFinished(async () => {
      await store.close();
      await pool.query("DROP TABLE ??", [tableName]);
      await pool.end();
    });
    return {
      store,
      async keys() {
        const [rows] = await pool.query<RowDataPacket[]>("SELECT session_id FROM ??", [tableName]);
        return rows.map((row) => row["session_id"]);
      },
      async lifetimeMs(key) {
        const query = "SELECT expires FROM ?? WHERE session_id = ?";
        const [[row]] = await pool.query<RowDataPacket[]>(query, [tableName, key]);
        return (row?.["expires"] ?? 0) * 1000 - Date.now();
      },
      outage: {
        begin: async () => line.cut(),
        end: async () => line.mend(),
      },
    };
  },
};
