import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, vi } from "vitest";
import { startDiscord } from "../../src/testing/index.js";
import { startForTest } from "./start-for-test.js";

const appUrl = "http://localhost:1";

it("an Activity keeps its newest 1,000 console messages", async () => {
  const discord = await startForTest();
  const { logs, url } = await discord.openActivity({ appUrl });
  const log = (index: number) =>
    fetch(`${url}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        message: [1, { cmd: "CAPTURE_LOG", nonce: "n", args: { level: "log", message: String(index) } }],
      }),
    }).then((answer) => answer.text());
  for (let index = 0; index < 1_002; index += 1) await log(index);

  expect(logs).toHaveLength(1_000);
  expect([logs[0]?.message, logs.at(-1)?.message]).toEqual(["2", "1001"]);
});

it("the simulator forgets an Activity that was closed", async () => {
  const discord = await startDiscord();
  const activity = await discord.openActivity({ appUrl });
  const other = await discord.openActivity({ appUrl });
  await activity.close();
  const closings = [vi.spyOn(activity, "close"), vi.spyOn(other, "close")];
  await discord.close();

  expect(closings.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
});

it("an Activity that opens while the simulator closes is refused, and nothing listens on its port", async () => {
  const free = createServer().listen(0);
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const discord = await startDiscord();
  const opening = expect(discord.openActivity({ appUrl, port })).rejects.toThrow("the simulator was closed");
  await discord.close();
  await opening;

  await expect(fetch(`http://localhost:${port}`)).rejects.toThrow();
});

it("an Activity's consent page redirects to a path, so that the host name stays the same", async () => {
  const discord = await startForTest({ publicUrl: "http://localhost:4000" });
  const { url } = await discord.openActivity({ appUrl });
  const { pathname } = new URL(url);
  const query = new URLSearchParams({
    client_id: discord.options.clientId,
    response_type: "code",
    scope: "identify",
  });
  const answer = await fetch(`${discord.url}${pathname}/authorize?${query}`, {
    method: "POST",
    body: new URLSearchParams({ user_id: discord.addUser().id, decision: "authorize" }),
    redirect: "manual",
  });

  expect(answer.headers.get("location")).toMatch(new RegExp(`^${pathname}/authorized\\?code=`));
});
