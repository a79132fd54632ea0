import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { traceRefresh, traceRequest } from "../../src/telemetry.js";
import { rejection } from "../support/answering-server.js";
import { listenTo } from "../support/channels.js";

const context = () => ({
  method: "GET",
  route: "/users/@me",
  subject: "user" as const,
  attempts: 0,
  waitedMs: 0,
});

test("calls and refreshes work if nobody subscribes to their channels", async () => {
  const given = context();
  expect(await traceRequest(given, async () => "value")).toBe("value");
  expect(given).toEqual(context());
  expect(await traceRefresh("1", async () => "value")).toBe("value");
});

test("an observed call that succeeds is reported without its result", async () => {
  const heard = listenTo("request");
  expect(await traceRequest(context(), async () => "value")).toBe("value");
  expect(heard.map(([event]) => event)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
  expect(heard.at(-1)?.[1]).toEqual({ ...context(), durationMs: expect.any(Number) });
});

test("an observed call that fails is reported with its error", async () => {
  const heard = listenTo("request");
  const failure = new Error("no");
  expect(await rejection(traceRequest(context(), () => Promise.reject(failure)))).toBe(failure);
  expect(heard.map(([event]) => event)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
  expect(heard.at(-1)?.[1]).toMatchObject({ error: failure });
});

test("a refresh is reported by its user", async () => {
  const heard = listenTo("refresh");
  await traceRefresh("80351110224678912", async () => ({ accessToken: "s3cr3t" }));
  expect(heard.map(([, seen]) => seen)).toEqual([
    { userId: "80351110224678912" },
    { userId: "80351110224678912" },
    { userId: "80351110224678912", durationMs: expect.any(Number) },
    { userId: "80351110224678912", durationMs: expect.any(Number) },
  ]);
});

test("an AsyncLocalStorage bound to the start event is set during the call", async () => {
  const channel = tracingChannel<unknown, object>("express-discord:refresh");
  const store = new AsyncLocalStorage<object>();
  channel.start.bindStore(store, (data) => data);
  onTestFinished(() => {
    channel.start.unbindStore(store);
  });
  const seen = await traceRefresh("1", async () => {
    await Promise.resolve();
    return store.getStore();
  });
  expect(seen).toEqual({ userId: "1", durationMs: expect.any(Number) });
});
