import type { ClientRequest, IncomingMessage } from "node:http";
import { type Duplex, pipeline } from "node:stream";

/** A client that requests an upgrade of its connection, such as to WebSocket. */
export interface Upgrade {
  readonly socket: Duplex;
  /** The bytes that the client has already sent. */
  readonly head: Buffer;
}

/** Forwards an upgrade request to a server and connects the client to it if the server accepts. */
export function forwardUpgrade({ socket, head }: Upgrade, forwarded: ClientRequest): void {
  forwarded.once("upgrade", (answer, serverSocket, serverHead) => {
    socket.write(headOf(answer));
    socket.write(serverHead);
    serverSocket.write(head);
    pipeline(socket, serverSocket, socket, () => undefined);
  });
  forwarded.once("response", (answer) => {
    answer.resume();
    socket.end(headOf(answer));
  });
  forwarded.once("error", () => socket.destroy());
  socket.once("error", () => forwarded.destroy());
  socket.once("close", () => forwarded.destroy());
  forwarded.end();
}

function headOf({ rawHeaders, statusCode, statusMessage }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index < rawHeaders.length; index += 2)
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
