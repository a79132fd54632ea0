import { connect } from "node:net";
import type { TestProject } from "vitest/node";

/** The URLs of the servers that some tests need, or nothing if there is none. */
export interface Services {
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly mariadbUrl: string | undefined;
  readonly memcachedUrl: string | undefined;
}

interface Server {
  readonly name: string;
  readonly variable: string;
  readonly defaultUrl: string;
  readonly usualPort: number;
}

const SERVERS: Readonly<Record<keyof Services, Server>> = {
  redisUrl: {
    name: "Redis",
    variable: "REDIS_URL",
    defaultUrl: "redis://127.0.0.1:6379",
    usualPort: 6379,
  },
  databaseUrl: {
    name: "PostgreSQL",
    variable: "DATABASE_URL",
    defaultUrl: "postgres://postgres@127.0.0.1:5432/test",
    usualPort: 5432,
  },
  mariadbUrl: {
    name: "MariaDB",
    variable: "MARIADB_URL",
    defaultUrl: "mysql://root@127.0.0.1:3306/test",
    usualPort: 3306,
  },
  memcachedUrl: {
    name: "memcached",
    variable: "MEMCACHED_URL",
    defaultUrl: "memcached://127.0.0.1:11211",
    usualPort: 11211,
  },
};

declare module "vitest" {
  interface ProvidedContext {
    services: Services;
  }
}

/** Looks for the servers once, before the first test, and reports the tests that are skipped without them. */
export async function setup(project: TestProject): Promise<void> {
  const found: Record<keyof Services, string | undefined> = {
    redisUrl: await servedUrl(SERVERS.redisUrl),
    databaseUrl: await servedUrl(SERVERS.databaseUrl),
    mariadbUrl: await servedUrl(SERVERS.mariadbUrl),
    memcachedUrl: await servedUrl(SERVERS.memcachedUrl),
  };
  const missing = (Object.keys(SERVERS) as (keyof Services)[])
    .filter((key) => found[key] === undefined)
    .map((key) => `${SERVERS[key].name} (${SERVERS[key].variable}, ${addressOf(urlOf(SERVERS[key]))})`);
  if (missing.length > 0) {
    const sentence = `No answer from ${missing.join(" and ")}`;
    if (process.env["CI"] === "true") throw new Error(`${sentence}: with CI=true every test must run.`);
    process.stdout.write(`${sentence}: the tests on it are skipped.\n`);
  }
  project.provide("services", found);
}

function urlOf({ variable, defaultUrl }: Server): string {
  return process.env[variable] ?? defaultUrl;
}

async function servedUrl(server: Server): Promise<string | undefined> {
  const url = urlOf(server);
  return (await isServed(url, server.usualPort)) ? url : undefined;
}

function isServed(url: string, usualPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port) || usualPort, hostname);
    const end = (isServed: boolean) => {
      socket.destroy();
      resolve(isServed);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** Returns the URL without its password. */
function addressOf(url: string): string {
  return new URL(url).host;
}
