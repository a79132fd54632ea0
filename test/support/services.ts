import { connect } from "node:net";
import type { TestProject } from "vitest/node";

/** Where the servers are that some tests need; nothing where there is none. */
export interface Services {
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
}

declare module "vitest" {
  interface ProvidedContext {
    services: Services;
  }
}

/** Looks for the servers once, before the first test, and says which tests are skipped for want of one. */
export async function setup(project: TestProject): Promise<void> {
  const redisUrl = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";
  const databaseUrl = process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/test";
  const [hasRedis, hasDatabase] = await Promise.all([isServed(redisUrl, 6379), isServed(databaseUrl, 5432)]);

  const missing = [
    hasRedis ? [] : `Redis (REDIS_URL, ${addressOf(redisUrl)})`,
    hasDatabase ? [] : `PostgreSQL (DATABASE_URL, ${addressOf(databaseUrl)})`,
  ].flat();
  if (missing.length > 0) {
    const sentence = `No answer from ${missing.join(" and ")}`;
    if (process.env["CI"] === "true") throw new Error(`${sentence}: with CI=true every test must run.`);
    process.stdout.write(`${sentence}: the tests on it are skipped.\n`);
  }
  project.provide("services", {
    redisUrl: hasRedis ? redisUrl : undefined,
    databaseUrl: hasDatabase ? databaseUrl : undefined,
  });
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

/** Without the password. */
function addressOf(url: string): string {
  return new URL(url).host;
}
