import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { proxyHeaders } from "./activity-proxy.js";
import type { Application } from "./application.js";
import type { SimulatedClock } from "./clock.js";
import { forwardUpgrade, refuseUpgrade, type Upgrade } from "./forward-upgrade.js";
import { Agents } from "./http-client.js";
import { listen } from "./server.js";

const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"];

/** Options of the proxy in front of an app. */
export interface FrameServerOptions {
  readonly application: Application;
  readonly clock: SimulatedClock;
  /** The URL that requests are forwarded to. */
  readonly appUrl: URL;
  readonly signed: boolean;
  /** The host name that browsers use for this machine. */
  readonly hostname: string;
  readonly host: string;
  readonly port: number;
}

/** The server of an Activity's origin. At Discord this is the proxy at `https://<client id>.discordsays.com`. */
export class FrameServer {
  /** The origin, such as `http://localhost:41237`. */
  readonly origin: string;
  readonly #server: Server;
  readonly #agents = new Agents();
  readonly #upgraded = new Set<Duplex>();
  readonly #options: FrameServerOptions;

  private constructor(server: Server, options: FrameServerOptions) {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    this.origin = `http://${options.hostname}:${port}`;
    this.#server = server;
    this.#options = options;
    server.on("request", (request, response) => this.#forward(request, response));
    server.on("upgrade", (request, socket, head) => this.#forwardUpgrade(request, { socket, head }));
  }

  static async start(options: FrameServerOptions): Promise<FrameServer> {
    return new FrameServer(await listen(options.port, options.host), options);
  }

  async close(): Promise<void> {
    this.#agents.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
      for (const socket of this.#upgraded) socket.destroy();
    });
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const { method } = request;
    const target = this.#targetOf(request);
    if (target === undefined) {
      response.writeHead(400, { Connection: "close" }).end();
      return;
    }
    const forwarded: ClientRequest = this.#agents.request(target, {
      ...(method !== undefined && { method }),
      headers: {
        ...this.#headersFor(request),
        // Otherwise Node sends the body of a DELETE or GET request without saying where it ends.
        ...(request.headers["transfer-encoding"] !== undefined && { "transfer-encoding": "chunked" }),
      },
    });
    forwarded.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
      pipeline(answer, response, () => undefined);
    });
    forwarded.once("error", ({ message }) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { "Content-Type": "text/plain; charset=utf-8" }).end(this.#noApp(message));
    });
    response.once("close", () => forwarded.destroy());
    pipeline(request, forwarded, () => undefined);
  }

  #forwardUpgrade(request: IncomingMessage, upgrade: Upgrade): void {
    const { socket } = upgrade;
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    const target = this.#targetOf(request);
    const { connection, upgrade: protocol } = request.headers;
    const headers = { ...this.#headersFor(request), connection, upgrade: protocol };
    if (target === undefined) refuseUpgrade(upgrade);
    else forwardUpgrade(upgrade, this.#agents.request(target, { agent: false, headers }));
  }

  /**
   * Removes the prefix `/.proxy`, which older Activities use, like Discord's proxy.
   *
   * @returns `undefined` if the request is not for a path
   */
  #targetOf({ url = "/" }: IncomingMessage): URL | undefined {
    if (!url.startsWith("/")) return undefined;
    const { origin, pathname } = this.#options.appUrl;
    const path = url.replace(/^\/\.proxy(?=\/|\?|$)/, "");
    // Appended, not resolved: `//other.example/` would lead to another host.
    return new URL(origin + pathname.replace(/\/$/, "") + path);
  }

  #headersFor({ headers, socket }: IncomingMessage): OutgoingHttpHeaders {
    const { appUrl, application, clock, signed } = this.#options;
    const host = `${application.id}.discordsays.com`;
    const { origin, referer } = headers;
    return {
      ...withoutHopByHop(headers),
      host: appUrl.host,
      ...(origin !== undefined && { origin: this.#atDiscord(origin, host) }),
      ...(referer !== undefined && { referer: this.#atDiscord(referer, host) }),
      "x-forwarded-for": socket.remoteAddress ?? "",
      "x-forwarded-host": host,
      "x-forwarded-proto": "https",
      ...(signed && proxyHeaders(application, clock, {})),
    };
  }

  /** Returns the URL that a page of the Activity would have at Discord. Other URLs stay unchanged. */
  #atDiscord(url: string, host: string): string {
    const isOwn = url === this.origin || url.startsWith(`${this.origin}/`);
    return isOwn ? `https://${host}${url.slice(this.origin.length)}` : url;
  }

  #noApp(message: string): string {
    return `Nothing answers at ${this.#options.appUrl.href}, the appUrl of this Activity: ${message}\n`;
  }
}

function withoutHopByHop(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const named = String(headers["connection"] ?? "")
    .toLowerCase()
    .split(/\s*,\s*/);
  const kept = Object.entries(headers).filter(
    ([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name),
  );
  return Object.fromEntries(kept);
}
