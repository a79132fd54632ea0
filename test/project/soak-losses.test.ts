import { expect, it } from "vitest";
import { type Death, describeKills, describeLoss, explainLoss, type Loss } from "../soak/losses.js";

const REMOVED = "the user removed the application at Discord";
const SWALLOWED = "Discord rotated the pair, and a fault swallowed its answer";
const TOO_SLOW = "Discord's answer took longer than an app listens for it";
const BEFORE_ANSWER = "a worker was killed before it had Discord's answer";
const BEFORE_STORE = "a worker was killed between that answer and the store";

type Request = Loss["tokenRequests"][number];

function loss(tokenRequests: readonly Partial<Request>[], parts: Partial<Loss> = {}): Loss {
  return {
    at: 60_000,
    signedInAt: 1000,
    removedAt: 0,
    userIds: ["42"],
    tokenRequests: tokenRequests.map((request) => ({
      at: 20_000,
      status: 200,
      fault: undefined,
      durationMs: 10,
      cutShort: false,
      worker: "2",
      wasTokenValid: true,
      ...request,
    })),
    ...parts,
  };
}

/** Worker 2 was killed, in the middle of these refreshes. */
function killed(at: number, ...refreshes: readonly [userId: string, begunAt: number][]): Map<string, Death> {
  const underWay = refreshes.map(([userId, begunAt], index) => [index, { userId, begunAt }] as const);
  return new Map([["2", { at, refreshes: new Map(underWay) }]]);
}

const nobody = new Map<string, Death>();

it.each<[what: string, reason: string, loss: Loss, deaths: Map<string, Death>]>([
  ["the user removes the application", REMOVED, loss([{}], { removedAt: 1000 }), nobody],
  ["an answer is swallowed", SWALLOWED, loss([{ fault: "swallowed", status: undefined }]), nobody],
  ["an answer ends in the middle", SWALLOWED, loss([{ fault: "truncated" }]), nobody],
  [
    "an answer is swallowed and the next request gets a made-up 200",
    SWALLOWED,
    loss([{ fault: "swallowed", status: undefined }, { fault: "invalid-json" }]),
    nobody,
  ],
  ["Discord reads a request 10 s after its worker was killed", BEFORE_ANSWER, loss([{}]), killed(10_000)],
  [
    "a worker is killed during a slow answer",
    BEFORE_ANSWER,
    loss([{ durationMs: 1250, cutShort: true }]),
    killed(21_250),
  ],
  [
    "a worker is killed and nothing is sent",
    BEFORE_ANSWER,
    loss([{ durationMs: undefined }]),
    killed(29_000),
  ],
  ["a slow answer is given up late", TOO_SLOW, loss([{ durationMs: 15_000, cutShort: true }]), nobody],
  [
    "a slow answer is given up late and the worker killed later",
    TOO_SLOW,
    loss([{ durationMs: 15_000, cutShort: true }]),
    killed(40_000),
  ],
  [
    "a worker is killed before it has stored the answer",
    BEFORE_STORE,
    loss([{}]),
    killed(20_100, ["42", 19_900]),
  ],
])("a sign-in is lost for a reason when %s: %s", (_what, reason, lost, deaths) => {
  expect(explainLoss(lost, deaths)).toBe(reason);
});

it.each<[what: string, loss: Loss, deaths: Map<string, Death>]>([
  ["nothing was refreshed", loss([]), killed(20_000)],
  ["no worker was killed", loss([{}]), nobody],
  ["another worker was killed", loss([{ worker: "3" }]), killed(20_100, ["42", 19_900])],
  ["the worker was refreshing another user's pair", loss([{}]), killed(20_100, ["43", 19_900])],
  ["the worker was killed during a later refresh", loss([{}]), killed(40_000, ["42", 39_000])],
  ["the worker was killed after a delayed answer", loss([{ durationMs: 1250 }]), killed(21_251)],
  ["a slow answer was given up early", loss([{ durationMs: 14_999, cutShort: true }]), nobody],
  ["a slow answer was sent to its end", loss([{ durationMs: 16_000 }]), nobody],
  ["the user had removed the application before", loss([{}], { removedAt: 999 }), nobody],
  ["only a refusal ended in the middle", loss([{}, { fault: "truncated", status: 400 }]), nobody],
  [
    "only the refusal of a used token was swallowed",
    loss([{}, { fault: "swallowed", status: undefined, wasTokenValid: false }]),
    nobody,
  ],
  [
    "a living worker refreshed after the killed one",
    loss([{}, { at: 25_000, worker: "3" }]),
    killed(20_100, ["42", 19_900]),
  ],
])("the soak finds no reason for a lost sign-in when %s", (_what, lost, deaths) => {
  expect(explainLoss(lost, deaths)).toBeUndefined();
});

it("the soak describes a lost sign-in by the nearest kill and by each refresh", () => {
  const deaths = new Map([...killed(19_000), ["7", { at: 61_500, refreshes: new Map() }] as const]);
  const lost = loss([
    {},
    { at: 21_000, status: undefined, fault: "hang", durationMs: 5000, cutShort: true, worker: "3" },
  ]);
  expect(describeLoss(lost, deaths)).toBe(
    "user 42, lost at 59.000 s (1970-01-01T00:01:00.000Z); the nearest kill 1.500 s after the loss (worker 7); " +
      "19.000 s: worker 2 (killed at 18.000 s), 200, no fault, sent after 0.010 s; 20.000 s: worker 3, no status, hang, cut short after 5.000 s",
  );
  expect(describeKills(lost, deaths)).toBe(
    "user 42: the nearest kill 1.500 s after the loss (worker 7); " +
      "Discord read worker 2's request 1.000 s after that worker's kill",
  );
});
