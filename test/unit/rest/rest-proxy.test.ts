import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { answeringServer, json, NELLY, rejection, restOf } from "../../support/answering-server.js";

/** A forward proxy with a password, for one test. */
async function forwardProxy(pass: (go: () => void) => void = (go) => go()) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connection", (socket) => sockets.add(socket));
  server.on("connect", (request, socket) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
    if (request.headers["proxy-authorization"] !== `Basic ${btoa("nelly:p@ss word")}`) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    pass(() => {
      const [host = "", port] = (request.url ?? "").split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [onward, socket]) end.on("error", () => onward.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("calls go through the proxy, with its password and without the user's token", async () => {
  const proxy = await forwardProxy();
  const server = await answeringServer((response) => json(response, 200, { ok: true }));
  const rest = restOf(server.url, { proxy: `http://nelly:p%40ss%20word@${proxy.address}` });
  for (let call = 0; call < 5; call++) expect(await rest.send(NELLY, "/users/@me")).toEqual({ ok: true });
  expect(proxy.asked.length).toBeLessThanOrEqual(2);
  expect(proxy.asked[0]).toBe(`${new URL(server.url).host} Basic ${btoa("nelly:p@ss word")}`);
  expect(server.requests).toHaveLength(5);
  expect(server.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
});

test("a proxy that refuses makes Discord unavailable, and no error holds its password", async () => {
  const proxy = await forwardProxy();
  const rest = restOf("http://127.0.0.1:1", { proxy: `http://nelly:wr0ng@${proxy.address}` });
  const error = await rejection(rest.send(NELLY, "/users/@me"));
  expect(error).toMatchObject({ status: 502, code: "discord_unavailable" });
  expect((error as Error).message).toContain("407");
  const everything = inspect(error, { depth: 10, showHidden: true });
  for (const secret of ["wr0ng", btoa("nelly:wr0ng"), NELLY.token]) expect(everything).not.toContain(secret);
});

test("a proxy that cannot be reached is discord_unavailable", async () => {
  const rest = restOf("https://discord.com", { proxy: "http://nelly:s3cr3t@127.0.0.1:1" });
  const error = await rejection(rest.send(NELLY, "/users/@me"));
  expect(error).toMatchObject({ status: 502, cause: { code: "ECONNREFUSED" } });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("s3cr3t");
});

test("a call that ended before it had a connection is never sent", async () => {
  let go = () => {};
  const proxy = await forwardProxy((pass) => {
    go = pass;
  });
  const server = await answeringServer((response) => json(response, 200, {}));
  const rest = restOf(server.url, { proxy: `http://nelly:p%40ss%20word@${proxy.address}`, timeoutMs: 100 });
  const error = await rejection(rest.send(NELLY, "/users/@me", { method: "DELETE" }));
  expect(error).toMatchObject({ status: 504, code: "discord_timeout" });
  go();
  await rest.close();
  expect(server.requests).toHaveLength(0);
});
