import http, { type OutgoingHttpHeaders } from "node:http";
import https from "node:https";

/** An outgoing request. */
export interface OutgoingRequest {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | undefined;
  /** The agent whose connections to use. */
  readonly agents: Agents;
}

/** A received response. */
export interface IncomingAnswer {
  readonly status: number;
  /** The headers. Repeated ones are not merged. */
  readonly headers: Headers;
  readonly text: string;
}

/** Connections that are reused. */
export class Agents {
  readonly #http = new http.Agent({ keepAlive: true });
  readonly #https = new https.Agent({ keepAlive: true });

  request(url: URL, options: http.RequestOptions): http.ClientRequest {
    if (url.protocol === "https:") return https.request(url, { agent: this.#https, ...options });
    return http.request(url, { agent: this.#http, ...options });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** Sends one request. Any header may be set. Does not follow redirects. */
export async function sendRequest(
  url: URL,
  { method, headers, body, agents }: OutgoingRequest,
): Promise<IncomingAnswer> {
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  const options = { method, headers: { ...headers, ...length } };
  const request = agents.request(url, options);
  const response = await responseTo(request, body).catch((error: unknown) => {
    if (!request.reusedSocket) throw error;
    // The server closed a reused connection just as the request was sent. Retries on a new one, like a browser.
    return responseTo(agents.request(url, { ...options, agent: false }), body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const answered = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) answered.append(name, value);
  }
  return { status: response.statusCode ?? 0, headers: answered, text: Buffer.concat(chunks).toString() };
}

function responseTo(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.end(body);
  });
}
