import { FILES } from "./store-kinds/files.js";
import { MEMCACHED } from "./store-kinds/memcached.js";
import { MEMORY, MEMORYSTORE } from "./store-kinds/memory.js";
import { MYSQL } from "./store-kinds/mysql.js";
import { POSTGRES, POSTGRES_SOCKET, POSTGRES_UUID } from "./store-kinds/postgres.js";
import { REDIS } from "./store-kinds/redis.js";
import { SEQUELIZE_ON_MARIADB, SEQUELIZE_ON_POSTGRES } from "./store-kinds/sequelize.js";
import type { StoreKind } from "./store-kinds/store-kind.js";

export type { StoreForTest, StoreKind } from "./store-kinds/store-kind.js";
export { MEMCACHED, MEMORY, POSTGRES, POSTGRES_SOCKET, POSTGRES_UUID, REDIS };

/** Every kind that must satisfy the contract. */
export const STORES: readonly StoreKind[] = [
  MEMORY,
  MEMORYSTORE,
  FILES,
  REDIS,
  POSTGRES,
  SEQUELIZE_ON_POSTGRES,
  SEQUELIZE_ON_MARIADB,
  MYSQL,
  MEMCACHED,
];

/** Returns the kinds whose server is running, with their names. */
export function served(kinds: readonly StoreKind[]): readonly (readonly [string, StoreKind])[] {
  return kinds.filter(({ isServed }) => isServed).map((kind) => [kind.name, kind]);
}
