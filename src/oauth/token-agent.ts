import http from "node:http";
import type { Config } from "../config.js";

/** Closes idle connections long before routers drop them: a login sent over a dropped one would be lost. */
const KEEP_ALIVE = { keepAlive: true, timeout: 30_000 };

/** An agent for connections to the token endpoint. */
export interface TokenAgent extends http.Agent {
  /** Called by Node to send a request. */
  addRequest(request: http.ClientRequest, options: unknown): void;
}

/** An agent that can destroy its one request; simple-oauth2 cannot. */
export interface RequestAgent extends http.Agent {
  destroyRequest(): void;
}

/** Creates an agent for Discord, which uses the option `proxy` if it is set. */
export async function createAgent({ discordUrl, proxy }: Config): Promise<TokenAgent> {
  const secure = discordUrl.startsWith("https:");
  if (proxy && secure)
    return immutable(new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, KEEP_ALIVE));
  if (proxy) return immutable(new (await import("http-proxy-agent")).HttpProxyAgent(proxy, KEEP_ALIVE));
  const { Agent } = secure ? await import("node:https") : http;
  return immutable(new Agent(KEEP_ALIVE));
}

/** Creates an agent for one request on the connections of `agent`. */
export function agentForOneRequest(agent: TokenAgent): RequestAgent {
  let request: http.ClientRequest | undefined;
  return Object.create(agent, {
    addRequest: {
      value(added: http.ClientRequest, options: unknown) {
        request = added;
        agent.addRequest(added, options);
      },
    },
    destroyRequest: { value: () => request?.destroy() },
  });
}

/**
 * Marks an agent as immutable. simple-oauth2 deep-clones its options for every request, and each cloned agent would
 * open and leak its own sockets. It does not clone objects whose prototype has `isImmutable`.
 */
function immutable(agent: http.Agent): TokenAgent {
  const prototype = Object.create(Object.getPrototypeOf(agent), { isImmutable: { value: true } });
  return Object.setPrototypeOf(agent, prototype);
}
