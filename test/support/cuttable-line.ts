import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A connection to a server that can be cut, as if the server went away: open connections end, and new ones fail. */
interface Cuttable {
  cut(): void;
  /** Does nothing if it is not cut. */
  mend(): void;
}

/** Over TCP: refuses new connections. */
export interface CuttableLine extends Cuttable {
  /** The server's URL through this connection. */
  readonly url: string;
}

/** Over a Unix domain socket: removes the socket file. */
export interface CuttableSocket extends Cuttable {
  /** The path of the socket file. */
  readonly folder: string;
}

/** Puts a cuttable connection in front of a TCP server, for one test. */
export async function layLine(serverUrl: string): Promise<CuttableLine> {
  const { line, cut } = relayTo(serverUrl);
  await new Promise<void>((resolve) => line.listen(0, "127.0.0.1", resolve));
  const { port } = line.address() as AddressInfo;
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    cut,
    mend() {
      if (!line.listening) line.listen(port, "127.0.0.1");
    },
  };
}

/** Makes a TCP server reachable through a socket file of this name, for one test. */
export async function laySocket(serverUrl: string, fileName: string): Promise<CuttableSocket> {
  const folder = await mkdtemp(join(tmpdir(), "socket-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { line, cut } = relayTo(serverUrl);
  const file = join(folder, fileName);
  await new Promise<void>((resolve) => line.listen(file, resolve));
  return {
    folder,
    cut,
    mend() {
      if (!line.listening) line.listen(file);
    },
  };
}

function relayTo(serverUrl: string) {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const line = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const cut = () => {
    line.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(cut);
  return { line, cut };
}
