import connectSessionSequelize from "connect-session-sequelize";
import session from "express-session";
import { Op, Sequelize } from "sequelize";
import { inject, onTestFinished } from "vitest";
import { layLine } from "../cuttable-line.js";
import { WITHOUT_FSYNC as MARIADB_WITHOUT_FSYNC } from "./mysql.js";
import { WITHOUT_FSYNC as POSTGRES_WITHOUT_FSYNC } from "./postgres.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

/**
 * On PostgreSQL, with keys of up to 36 characters. An expired entry is removed when the store next clears its table.
 */
export const SEQUELIZE_ON_POSTGRES = sequelizeOn("PostgreSQL", "postgres", services.databaseUrl);

/** On MariaDB, otherwise the same. */
export const SEQUELIZE_ON_MARIADB = sequelizeOn("MariaDB", "mysql", services.mariadbUrl);

function sequelizeOn(
  server: string,
  dialect: "postgres" | "mysql",
  serverUrl: string | undefined,
): StoreKind {
  return {
    name: `connect-session-sequelize on ${server}`,
    isServed: serverUrl !== undefined,
    canGoAway: true,
    async open() {
      const line = await layLine(serverUrl ?? "");
      const dialectOptions = dialect === "postgres" ? { options: POSTGRES_WITHOUT_FSYNC } : {};
      const db = new Sequelize(line.url, { dialect, dialectOptions, logging: false });
      const tableName = `sessions_${randomName()}`;
      const SequelizeStore = connectSessionSequelize(session.Store);
      const store = new SequelizeStore({ db, tableName, checkExpirationInterval: 0 });
      await store.sync();
      if (dialect === "mysql") await db.query(MARIADB_WITHOUT_FSYNC.replace("??", tableName));
      onTestFinished(async () => {
        line.mend();
        await db.getQueryInterface().dropTable(tableName);
        await db.close();
      });
      const rows = db.model("Session");
      return {
        store,
        keys: async () => (await rows.findAll()).map((row) => row.get("sid") as string),
        async lifetimeMs(key) {
          const row = await rows.findByPk(key);
          return ((row?.get("expires") as Date | undefined)?.getTime() ?? 0) - Date.now();
        },
        // What the store does every 15 minutes. Until then it returns expired entries.
        catchUp: () => rows.destroy({ where: { expires: { [Op.lt]: new Date() } } }),
        outage: {
          begin: async () => line.cut(),
          end: async () => line.mend(),
        },
      };
    },
  };
}
