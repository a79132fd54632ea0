import http from "node:http";
import type { Config } from "../config.js";

/** Routers forget connections that were idle for minutes; a login sent over one would go nowhere. */
const KEEP_ALIVE = { keepAlive: true, timeout: 30_000 };

/** Connections to the token endpoint. */
export interface TokenAgent extends http.Agent {
  /** What Node calls to send a request. */
  addRequest(request: http.ClientRequest, options: unknown): void;
}

/** An agent for one request that can be destroyed, which simple-oauth2 offers no way to do. */
export interface RequestAgent extends http.Agent {
  destroyRequest(): void;
}

/** Opens connections to Discord, through a proxy where there is one. */
export async function createAgent({ discordUrl, proxy }: Config): Promise<TokenAgent> {
  const secure = discordUrl.startsWith("https:");
  if (proxy && secure)
    return immutable(new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, KEEP_ALIVE));
  if (proxy) return immutable(new (await import("http-proxy-agent")).HttpProxyAgent(proxy, KEEP_ALIVE));
  const { Agent } = secure ? await import("node:https") : http;
  return immutable(new Agent(KEEP_ALIVE));
}

/** @param agent whose connections the request uses */
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
 * simple-oauth2 deep-clones its options for every request, and each clone of an agent would open, and leak, sockets of
 * its own. Only objects whose prototype says that they are immutable are passed on as they are.
 */
function immutable(agent: http.Agent): TokenAgent {
  const prototype = Object.create(Object.getPrototypeOf(agent), { isImmutable: { value: true } });
  return Object.setPrototypeOf(agent, prototype);
}
