import type { ConsentChoices } from "./consent-client.js";
import { CookieJar } from "./cookie-jar.js";
import { Agents, sendRequest } from "./http-client.js";

const MOST_REDIRECTS = 20;
const CROSS_SITE_NAVIGATION = {
  "Sec-Fetch-Site": "cross-site",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
};

/** Options of a browser. */
export interface BrowserOptions {
  /**
   * The URL at which the app listens, if its public URL differs, as behind a proxy that terminates HTTPS. Requests
   * go there with the `Host` of the public URL and `X-Forwarded-Proto`.
   */
  readonly via?: string;
}

/** The options of one request. */
export interface BrowserRequest {
  readonly method?: string;
  /** Headers, including `Host` and `Sec-Fetch-Site`. They override those of the browser. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** `"follow"`: follows redirects within the app. Default: does not follow redirects. */
  readonly redirect?: "follow";
  /**
   * Whether the request comes from another site. Then the browser sends no `SameSite=Strict` cookies, and others only
   * with GET and HEAD, unless they are `SameSite=None`.
   */
  readonly crossSite?: boolean;
}

/** A response of the app. */
export interface BrowserResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The `Location` header. */
  readonly location: string | undefined;
  readonly text: string;
  /** The URL of the last request, after redirects. */
  readonly url: string;
  json<T = unknown>(): T;
}

/** Approves logins: the simulator. */
interface Approver {
  /** Whether a URL leads to the simulator. */
  owns(url: string): boolean;
  approve(authorizeUrl: string, choices: ConsentChoices): Promise<string>;
}

/** A browser for the app. It keeps cookies, and follows redirects only on request. */
export class Browser {
  /** The app's cookies. */
  readonly cookies: CookieJar;
  readonly #appUrl: URL;
  readonly #approver: Approver;
  readonly #options: BrowserOptions;
  readonly #agents: Agents;

  /** @internal */
  constructor(appUrl: string, approver: Approver, options: BrowserOptions = {}, former?: Browser) {
    this.#appUrl = new URL(appUrl);
    this.#approver = approver;
    this.#options = options;
    this.cookies = former === undefined ? new CookieJar(this.#appUrl) : former.cookies.clone();
    this.#agents = former === undefined ? new Agents() : former.#agents;
  }

  /** Sends a request to a path of the app or to a URL. */
  async request(pathOrUrl: string, init: BrowserRequest = {}): Promise<BrowserResponse> {
    if (typeof pathOrUrl !== "string")
      throw new TypeError(
        `The first argument must be a path or a URL such as "/me", not ${typeof pathOrUrl}.`,
      );
    let response = await this.#send(new URL(pathOrUrl, this.#appUrl), init);
    for (let count = 0; init.redirect === "follow" && isRedirect(response); count += 1) {
      if (count === MOST_REDIRECTS)
        throw new Error(`More than ${MOST_REDIRECTS} redirects, last to ${response.location}`);
      const target = new URL(response.location, response.url);
      if (target.origin !== this.#appUrl.origin) break;
      response = await this.#send(
        target,
        keepsMethod(response.status) ? init : { headers: init.headers ?? {} },
      );
    }
    return response;
  }

  get(pathOrUrl: string, init?: BrowserRequest): Promise<BrowserResponse> {
    return this.request(pathOrUrl, { ...init, method: "GET" });
  }

  post(pathOrUrl: string, init?: BrowserRequest): Promise<BrowserResponse> {
    return this.request(pathOrUrl, { ...init, method: "POST" });
  }

  /**
   * Signs in: opens the app's login page, authorizes the app on Discord's page and opens the callback.
   *
   * @returns the response of the callback
   * @throws Error when the login page does not lead to the simulator
   */
  async signIn(loginPath: string, choices: ConsentChoices): Promise<BrowserResponse> {
    const login = await this.get(loginPath, { redirect: "follow", headers: { Accept: "text/html" } });
    if (login.location === undefined || !this.#approver.owns(login.location)) {
      const found = login.location ?? login.text.slice(0, 200);
      throw new Error(`${loginPath} does not lead to the simulated Discord (${login.status}): ${found}`);
    }
    const callbackUrl = await this.#approver.approve(login.location, choices);
    return this.get(callbackUrl, { crossSite: true });
  }

  /** Returns another browser with a copy of the cookies. */
  clone(): Browser {
    return new Browser(this.#appUrl.href, this.#approver, this.#options, this);
  }

  async #send(url: URL, init: BrowserRequest): Promise<BrowserResponse> {
    const { method = "GET", crossSite = false, form, json } = init;
    const cookie = this.cookies.headerFor({ url, method, crossSite });
    const headers = {
      ...this.#forwarding(url),
      ...(crossSite && CROSS_SITE_NAVIGATION),
      ...(cookie !== undefined && { Cookie: cookie }),
      ...(form !== undefined && { "Content-Type": "application/x-www-form-urlencoded" }),
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...init.headers,
    };
    const body = form === undefined ? JSON.stringify(json) : new URLSearchParams(form).toString();
    const answer = await sendRequest(this.#addressOf(url), { method, headers, body, agents: this.#agents });
    for (const header of answer.headers.getSetCookie()) this.cookies.receive(header, url);
    return {
      ...answer,
      url: url.href,
      location: answer.headers.get("location") ?? undefined,
      json: <T>() => JSON.parse(answer.text) as T,
    };
  }

  #addressOf(url: URL): URL {
    const { via } = this.#options;
    return via === undefined || url.origin !== this.#appUrl.origin
      ? url
      : new URL(new URL(via).origin + url.pathname + url.search);
  }

  #forwarding(url: URL): Record<string, string> {
    if (this.#addressOf(url) === url) return {};
    return { Host: url.host, "X-Forwarded-Proto": url.protocol.slice(0, -1), "X-Forwarded-Host": url.host };
  }
}

function isRedirect(response: BrowserResponse): response is BrowserResponse & { readonly location: string } {
  return response.status >= 300 && response.status < 400 && response.location !== undefined;
}

function keepsMethod(status: number): boolean {
  return status === 307 || status === 308;
}
