import type { DiscordSimulator } from "express-discord/testing";
import type { Pool } from "undici";

/** A person with an account at the simulated Discord. */
export type SimulatedUser = ReturnType<DiscordSimulator["addUser"]>;

/** What a visitor got. */
export interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/** A browser as far as a login needs one: it keeps cookies. */
export class Visitor {
  readonly #pool: Pool;
  readonly #cookies = new Map<string, string>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  get cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async get(path: string): Promise<Page> {
    const { statusCode, headers, body } = await this.#pool.request({
      method: "GET",
      path,
      headers: this.#cookies.size > 0 ? { cookie: this.cookieHeader } : {},
    });
    for (const cookie of [headers["set-cookie"] ?? []].flat()) this.#receive(cookie);
    return { status: statusCode, location: one(headers["location"]), text: await body.text() };
  }

  /** A whole login: the login page, the consent at Discord, the callback and the profile. @returns the profile */
  async signIn(simulator: DiscordSimulator, user: SimulatedUser): Promise<Page> {
    const login = await this.get("/login");
    const callbackUrl = new URL(await simulator.approve(login.location ?? "", { user }));
    const callback = await this.get(callbackUrl.pathname + callbackUrl.search);
    if (callback.location !== "/me")
      throw new Error(`The login failed (${callback.status}): ${callback.text}`);
    const profile = await this.get("/me");
    if (!profile.text.includes(user.id)) throw new Error(`This is not the visitor's page: ${profile.text}`);
    return profile;
  }

  #receive(setCookie: string): void {
    const [pair = ""] = setCookie.split(";", 1);
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
