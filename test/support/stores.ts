import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session, { MemoryStore, type Store } from "express-session";
import pg from "pg";
import { createClient } from "redis";
import sessionFileStore from "session-file-store";
import { inject, onTestFinished } from "vitest";
import { layLine } from "./cuttable-line.js";

/** A session store for one test, with nobody else's sessions in it. */
export interface StoreForTest {
  readonly store: Store;
  /** The keys of all sessions and records. */
  keys(): Promise<string[]>;
  /** In how many milliseconds the store itself forgets a session or record. */
  lifetimeMs(key: string): Promise<number>;
  /** Lets the server go away and come back; there are stores without one. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
}

/** A kind of store that stories run on. */
export interface StoreKind {
  readonly name: string;
  /** Whether its server is there. */
  readonly isServed: boolean;
  readonly canGoAway: boolean;
  open(): Promise<StoreForTest>;
}

const services = inject("services");

export const MEMORY: StoreKind = {
  name: "MemoryStore",
  isServed: true,
  canGoAway: false,
  async open() {
    const store = new MemoryStore();
    const all = () =>
      new Promise<Record<string, session.SessionData>>((resolve, reject) =>
        store.all((error, found) => (error ? reject(error) : resolve({ ...found }))),
      );
    return {
      store,
      keys: async () => Object.keys(await all()),
      async lifetimeMs(key) {
        const expires = (await all())[key]?.cookie.expires;
        return new Date(expires ?? 0).getTime() - Date.now();
      },
    };
  },
};

export const REDIS: StoreKind = {
  name: "connect-redis",
  isServed: services.redisUrl !== undefined,
  canGoAway: true,
  async open() {
    const line = await layLine(services.redisUrl ?? "");
    const prefix = `test-${randomName()}:`;
    const client = createClient({
      url: line.url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: 20 },
    });
    client.on("error", () => undefined);
    await client.connect();
    onTestFinished(async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(keys);
      client.destroy();
    });
    return {
      store: new RedisStore({ client, prefix }),
      keys: async () => (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)),
      lifetimeMs: (key) => client.pTTL(prefix + key),
      outage: {
        async begin() {
          const broken = new Promise((resolve) => client.once("error", resolve));
          line.cut();
          await broken;
        },
        async end() {
          const ready = new Promise((resolve) => client.once("ready", resolve));
          line.mend();
          await ready;
        },
      },
    };
  },
};

export const POSTGRES: StoreKind = {
  name: "connect-pg-simple",
  isServed: services.databaseUrl !== undefined,
  canGoAway: true,
  async open() {
    const line = await layLine(services.databaseUrl ?? "");
    const pool = new pg.Pool({ connectionString: line.url });
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

export const FILES: StoreKind = {
  name: "session-file-store",
  isServed: true,
  canGoAway: true,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "sessions-"));
    const aside = `${folder}-aside`;
    onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
      await rm(aside, { recursive: true, force: true });
    });
    const FileStore = sessionFileStore(session);
    const store = new FileStore({ path: folder, reapInterval: -1, logFn: () => undefined });
    return {
      store,
      keys: async () => (await readdir(folder)).map((name) => name.replace(/\.json$/, "")),
      async lifetimeMs(key) {
        const { cookie, __lastAccess } = JSON.parse(await readFile(join(folder, `${key}.json`), "utf8"));
        return __lastAccess + cookie.originalMaxAge - Date.now();
      },
      outage: {
        async begin() {
          await rename(folder, aside);
          await writeFile(folder, "");
        },
        async end() {
          await rm(folder);
          await rename(aside, folder);
        },
      },
    };
  },
};

export const STORES: readonly StoreKind[] = [MEMORY, REDIS, POSTGRES, FILES];

/** Of a kind that is served; for a kind that is not, nothing. */
export function served(kinds: readonly StoreKind[]): readonly (readonly [string, StoreKind])[] {
  return kinds.filter(({ isServed }) => isServed).map((kind) => [kind.name, kind]);
}

function randomName(): string {
  return randomBytes(6).toString("hex");
}
