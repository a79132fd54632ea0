import type { ClientRequest, IncomingMessage } from "node:http";
import { type Duplex, pipeline } from "node:stream";

/** A client that wants another protocol on its connection, such as WebSocket. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly head: Buffer;
}

/** Connects a client with the server that a request for an upgrade is forwarded to, if that agrees. */
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
