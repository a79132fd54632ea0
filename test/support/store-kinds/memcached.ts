import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import connectMemcached from "connect-memcached";
import session from "express-session";
import { inject, onTestFinished, vi } from "vitest";
import { layLine } from "../cuttable-line.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

type Pools = Readonly<Record<string, { readonly pool: readonly unknown[] }>>;

/**
 * On memcached, which has a clock of its own and counts in whole seconds. `touch` is a `set`. memcached takes a
 * lifetime of more than 30 days for a point in time, in 1970, so it forgets the entry at once.
 */
export const MEMCACHED: StoreKind = {
  name: "connect-memcached",
  isServed: services.memcachedUrl !== undefined,
  canGoAway: true,
  longestMs: 30 * 86_400_000,
  async open() {
    const line = await layLine(services.memcachedUrl ?? "");
    const server = await openConsole(services.memcachedUrl ?? "");
    const prefix = `test-${randomName()}:`;
    const MemcachedStore = connectMemcached(session);
    const host = new URL(line.url).host;
    // The caller gets an error at once, and the next call but one tries again.
    const store = new MemcachedStore({ hosts: host, prefix, retries: 0, failures: 1e9, retry: 1 });
    const pooled = () => (store.client as unknown as { connections: Pools }).connections[host]?.pool.length;

    // memcached cannot list keys.
    const written = new Set<string>();
    const set = store.set.bind(store);
    store.set = (id, data, callback) => {
      written.add(id);
      set(id, data, callback);
    };
    const secondsLeft = async (id: string) => {
      const [status, seconds] = (await server.ask(`mg ${prefix}${id} t`)).split(" t");
      return status === "HD" ? Number(seconds) : undefined;
    };
    const keys = async () => {
      const found = await Promise.all([...written].map(async (id) => [id, await secondsLeft(id)] as const));
      return found.filter(([, seconds]) => seconds !== undefined).map(([id]) => id);
    };
    onTestFinished(async () => {
      for (const id of written) await server.ask(`md ${prefix}${id}`);
      server.close();
      store.client.end();
    });
    return {
      store,
      keys,
      lifetimeMs: async (key) => ((await secondsLeft(key)) ?? 0) * 1000,
      async catchUp(ms) {
        for (const id of await keys()) {
          // A lifetime that is not positive ends the entry.
          await server.ask(
            `touch ${prefix}${id} ${Math.max(-1, ((await secondsLeft(id)) ?? 0) - Math.ceil(ms / 1000))}`,
          );
        }
      },
      outage: {
        async begin() {
          line.cut();
          // The client never answers a command on a connection that is just ending.
          await vi.waitUntil(() => !pooled());
        },
        async end() {
          line.mend();
          await vi.waitUntil(() => new Promise((resolve) => store.get("any", (error) => resolve(!error))));
        },
      },
    };
  },
};

/** A connection that answers each command in order, with one line. */
async function openConsole(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  return {
    ask(command: string): Promise<string> {
      const answer = last.then(async () => {
        socket.write(`${command}\r\n`);
        return String((await lines.next()).value);
      });
      last = answer;
      return answer;
    },
    close: () => socket.destroy(),
  };
}
