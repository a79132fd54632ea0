import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import { onTestFinished } from "vitest";

/** Terminates TLS in front of a server that speaks plain HTTP. */
export interface TlsFront {
  /** Its origin, `https://localhost:...`. */
  readonly url: string;
  /** The path of the certificate to trust, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificatePath: string;
  /** The number of connections that were opened. */
  readonly connectionCount: number;
}

/** @param target the origin of the server behind it */
export async function startTlsFront(target: string): Promise<TlsFront> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), "express-discord-tls-"));
  const certificatePath = join(folder, "certificate.pem");
  await writeFile(certificatePath, cert);

  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer({ key, cert }, (socket) => {
    connectionCount += 1;
    const behind = connect(Number(new URL(target).port), "127.0.0.1");
    for (const end of [socket, behind]) {
      sockets.add(end);
      end.on("error", () => undefined).on("close", () => sockets.delete(end));
    }
    socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await rm(folder, { recursive: true });
  });
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificatePath,
    get connectionCount() {
      return connectionCount;
    },
  };
}
