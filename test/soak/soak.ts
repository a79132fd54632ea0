import { parseArgs } from "node:util";
import { createClient } from "redis";
import { startDiscord } from "../../src/testing/index.js";
import { spreadFaults, TIMEOUT_MS } from "./faults.js";
import { Ledger } from "./ledger.js";
import { createRandom, type Random } from "./random.js";
import { TokenRequests } from "./token-requests.js";
import { Visitor } from "./visitor.js";
import { Workers } from "./workers.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    visitors: { type: "string", default: "300" },
  },
});
const SECONDS = Number(values.seconds);
const WORKERS = 3;
const REDIRECT_URI = "http://127.0.0.1:3000/callback";
const REDIS_URL = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";

console.log(
  `soak: ${SECONDS} s, ${values.visitors} visitors, ${WORKERS} workers; again with --seed ${values.seed}`,
);
const random = createRandom(Number(values.seed));
const ledger = new Ledger();
const simulator = await startDiscord({
  redirectUris: [REDIRECT_URI],
  behaviour: { accessTokenSeconds: 20 },
});
const prefix = `soak-${process.pid}:`;
const workers = new Workers({
  order: "serve",
  discord: {
    ...simulator.options,
    redirectUri: REDIRECT_URI,
    scopes: ["identify", "guilds"],
    timeoutMs: TIMEOUT_MS,
    // Full before the heap is watched, so later growth is not a cache.
    cache: { max: 50 },
  },
  redisUrl: REDIS_URL,
  prefix,
});

try {
  await workers.start(WORKERS);
  const tokenRequests = new TokenRequests(simulator, ledger);
  spreadFaults(simulator, random.fork("faults"), ledger);
  const startedAt = Date.now();
  const until = startedAt + SECONDS * 1000;
  const world = { simulator, workers, ledger, tokenRequests, startedAt, redirectUri: REDIRECT_URI };
  const visitors = Array.from({ length: Number(values.visitors) }, (_, index) =>
    new Visitor(world, random.fork(`visitor ${index}`)).live(until),
  );
  await Promise.all([...visitors, killWorkers(until, random.fork("kills")), watchHeap(until)]);
} finally {
  workers.stop();
  await simulator.close();
  await removeKeys();
}

console.log(ledger.toString());
for (const failure of ledger.failures) console.error(`soak: ${failure}`);
process.exitCode = ledger.failures.length > 0 ? 1 : 0;

async function killWorkers(until: number, from: Random): Promise<void> {
  for (;;) {
    const pauseMs = 4000 + from.next() * 6000;
    if (Date.now() + pauseMs > until) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await workers.replace(Math.floor(from.next() * WORKERS));
    ledger.restarts += 1;
  }
}

async function watchHeap(until: number): Promise<void> {
  const start = Date.now();
  for (;;) {
    const { heapBytes, unhandled } = await workers.measure();
    ledger.heap.push([(Date.now() - start) / 60_000, heapBytes / 2 ** 20]);
    for (const rejection of unhandled) ledger.unhandled.add(rejection);
    if (Date.now() >= until) return;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function removeKeys(): Promise<void> {
  const client = createClient({ url: REDIS_URL });
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
    if (keys.length > 0) await client.del(keys);
  }
  await client.close();
}
