import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** What the proxy reports about each request: `GET http://...` or `CONNECT host:port`, and the credentials. */
export interface ProxyReport {
  readonly request: string;
  readonly authorization: string | undefined;
  readonly passed: boolean;
}

const wanted = process.env["PROXY_AUTHORIZATION"];

function isLetThrough(incoming: IncomingMessage): boolean {
  const authorization = incoming.headers["proxy-authorization"];
  const passed = wanted === undefined || authorization === wanted;
  const report: ProxyReport = { request: `${incoming.method} ${incoming.url}`, authorization, passed };
  process.send?.(report);
  return passed;
}

function forwardRequest(incoming: IncomingMessage, response: ServerResponse): void {
  if (!isLetThrough(incoming)) {
    response.writeHead(407, { "Proxy-Authenticate": "Basic" }).end();
    return;
  }
  const { "proxy-authorization": _, ...headers } = incoming.headers;
  const outgoing = request(incoming.url ?? "", { method: incoming.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", () => response.destroy());
  incoming.pipe(outgoing);
}

function openTunnel(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
  if (!isLetThrough(incoming)) {
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
    return;
  }
  const { hostname, port } = new URL(`http://${incoming.url}`);
  const target = connect(Number(port), hostname, () => {
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    target.write(head);
    target.pipe(socket).pipe(target);
  });
  target.on("error", () => socket.destroy());
  socket.on("error", () => target.destroy());
}

const server = createServer(forwardRequest).on("connect", openTunnel);
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
