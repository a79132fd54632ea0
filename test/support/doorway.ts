import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A connection to a server that can be shut: then connections are refused, and open ones end. */
export interface Doorway {
  readonly url: string;
  /** The number of open connections. */
  readonly connectionCount: number;
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startDoorway(to: string): Promise<Doorway> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let server = createServer();
  let address: AddressInfo | undefined;

  async function open(): Promise<void> {
    server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          near.destroy();
          far.destroy();
          sockets.delete(socket);
        });
      }
      near.pipe(far).pipe(near);
    });
    await listening(server, address?.port ?? 0);
    address ??= server.address() as AddressInfo;
  }
  async function shut(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  await open();
  onTestFinished(shut);
  return {
    url: `http://127.0.0.1:${address?.port}`,
    get connectionCount() {
      return sockets.size / 2;
    },
    shut,
    open,
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}
