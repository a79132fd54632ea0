import { isRealDiscord, leadsTo } from "./addresses.js";
import type { Discord } from "./discord.js";
import { type InterceptOptions, interceptDiscord } from "./intercept.js";

/** The URLs that lead to the simulator: its own and, while it intercepts, those of the real Discord. */
export class Reachability {
  readonly #discord: Discord;
  readonly #interceptions = new Set<() => void>();
  #isClosed = false;

  constructor(discord: Discord) {
    this.#discord = discord;
  }

  /** Redirects this process's calls to the real Discord here. @returns a function that ends the redirection */
  async intercept(options?: InterceptOptions): Promise<() => void> {
    const stopCalls = await interceptDiscord(this.#discord.url, options);
    if (this.#isClosed) {
      stopCalls();
      throw new Error("discord.intercept() failed because the simulator was closed.");
    }
    const stop = () => {
      if (this.#interceptions.delete(stop)) stopCalls();
    };
    this.#interceptions.add(stop);
    return stop;
  }

  /** Ends all redirections, also those that are about to begin. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#interceptions) stop();
  }

  /** Whether a URL leads to the simulator. */
  includes(url: string): boolean {
    const isIntercepted = this.#interceptions.size > 0 && URL.canParse(url) && isRealDiscord(new URL(url));
    return isIntercepted || leadsTo(this.#discord, url);
  }

  /**
   * Returns a URL at the simulator's own origin. URLs of a proxy in front of it stay unchanged.
   *
   * @throws Error when the URL leads to the real Discord
   * @throws TypeError when it is not an authorization URL
   */
  localUrl(authorizeUrl: string): URL {
    const url = URL.canParse(authorizeUrl) ? new URL(authorizeUrl) : undefined;
    if (!url?.searchParams.has("client_id")) {
      throw new TypeError(
        `approve() and cancel() take the authorization URL that your login redirects to, not "${authorizeUrl}".`,
      );
    }
    if (this.includes(authorizeUrl)) return new URL(this.#discord.url + url.pathname + url.search);
    if (isRealDiscord(url)) throw new Error(`This URL leads to the real Discord: ${authorizeUrl}`);
    return url;
  }
}
