import type { ClientRequest, IncomingMessage } from "node:http";
import { type Duplex, pipeline } from "node:stream";

const CONNECTION_HEADERS = ["connection", "keep-alive", "transfer-encoding"];

/** A client that requests an upgrade of its connection, such as to WebSocket. */
export interface Upgrade {
  readonly socket: Duplex;
  /** The bytes that the client has already sent. */
  readonly head: Buffer;
}

/** Forwards an upgrade request to a server and connects the client to it if the server accepts. */
export function forwardUpgrade({ socket, head }: Upgrade, forwarded: ClientRequest): void {
  forwarded.once("upgrade", (answer, serverSocket, serverHead) => {
    socket.write(headOf(answer, answer.rawHeaders));
    socket.write(serverHead);
    serverSocket.write(head);
    pipeline(socket, serverSocket, socket, () => undefined);
  });
  forwarded.once("response", (answer) => {
    socket.write(headOf(answer, [...endToEnd(answer), "Connection", "close"]));
    pipeline(answer, socket, () => undefined);
    // Notices when the client leaves.
    socket.resume();
  });
  forwarded.once("error", () => socket.destroy());
  socket.once("error", () => forwarded.destroy());
  socket.once("close", () => forwarded.destroy());
  forwarded.end();
}

/** Answers an upgrade request with status 400. */
export function refuseUpgrade({ socket }: Upgrade): void {
  socket.once("error", () => socket.destroy());
  socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  socket.resume();
}

/** Returns the headers, names and values in turn, without those of the connection to the server. */
function endToEnd({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)] ?? "";
    return !CONNECTION_HEADERS.includes(name.toLowerCase());
  });
}

function headOf({ statusCode, statusMessage }: IncomingMessage, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index < headers.length; index += 2)
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
