import { setTimeout } from "node:timers/promises";
import type {
  Browser,
  BrowserResponse,
  DiscordSimulator,
  RecordedRequest,
  SimulatedUser,
} from "../../src/testing/index.js";
import type { Ledger, Reason } from "./ledger.js";
import type { Random } from "./random.js";
import type { Workers } from "./workers.js";

interface World {
  readonly simulator: DiscordSimulator;
  readonly workers: Workers;
  readonly ledger: Ledger;
  readonly redirectUri: string;
}

/** Answers of the token endpoint that took effect and never arrived. */
const SWALLOWING = ["swallowed", "truncated"];
const PAGES = ["/me", "/me", "/fresh", "/guilds", "/visits"];

/** A person with a browser: signs in, looks around, sometimes with many requests at once, and signs out. */
export class Visitor {
  readonly #world: World;
  readonly #random: Random;
  readonly #user: SimulatedUser;
  readonly #browser: Browser;
  #signedInAt: number | undefined;
  #removedAt = 0;
  /** The id that the app has learned at the login; empty where Discord did not tell it. */
  #knownAs = "";

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#user = world.simulator.addUser();
    this.#browser = world.simulator.browser(world.redirectUri);
  }

  async live(until: number): Promise<void> {
    while (Date.now() < until) {
      await setTimeout(100 + this.#random.next() * 1500);
      if (this.#signedInAt === undefined) await this.#signIn();
      else if (this.#random.chance(0.03)) await this.#signOut();
      else if (this.#random.chance(0.005)) this.#removeApplication();
      else await this.#lookAround();
    }
  }

  async #signIn(): Promise<void> {
    const { simulator, ledger } = this.#world;
    const begun = await this.#get("/login");
    if (begun?.status !== 302 || !begun.location) return;
    const callback = new URL(await simulator.approve(begun.location, { user: this.#user }));
    const clicks = this.#random.chance(0.2) ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: clicks }, () => this.#get(`/callback${callback.search}`)),
    );
    const login = answers.find((answer) => answer?.status === 200);
    if (login) {
      this.#knownAs = login.json<{ userId?: string }>().userId ?? "";
      this.#signedInAt = Date.now();
      ledger.logins += 1;
    }
  }

  async #lookAround(): Promise<void> {
    const pages = this.#random.chance(0.3) ? 5 : 1;
    const answers = await Promise.all(
      Array.from({ length: pages }, () => this.#get(this.#random.pick(PAGES))),
    );
    const refused = answers.find((answer) => answer?.status === 401);
    if (refused) this.#noteLoss(refused.json<{ code: string }>().code);
    for (const answer of answers) {
      if (answer?.status !== 200) continue;
      const { id } = answer.json<{ id?: string }>();
      if (id !== undefined && id !== this.#user.id) this.#world.ledger.wrongUsers += 1;
    }
  }

  async #signOut(): Promise<void> {
    const { workers, ledger } = this.#world;
    // A worker that was killed may have done it: whoever gets no answer presses the button again.
    for (;;) {
      const answer = await this.#request(`${this.#random.pick(workers.urls)}/logout`, "POST");
      if (answer && answer.status !== 200) return;
      if (answer) break;
      await setTimeout(100);
    }
    ledger.logouts += 1;
    this.#signedInAt = undefined;
  }

  #removeApplication(): void {
    this.#world.simulator.removeAuthorization(this.#user);
    this.#removedAt = Date.now();
  }

  #noteLoss(code: string): void {
    const { ledger } = this.#world;
    const reason = this.#reasonOfLoss();
    if (reason) ledger.count(ledger.reasons, reason);
    else
      ledger.lostWithoutReason.push(
        `user ${this.#user.id} at ${new Date().toISOString()}: ${code}${this.#history()}`,
      );
    this.#signedInAt = undefined;
  }

  #reasonOfLoss(): Reason | undefined {
    const since = this.#signedInAt ?? 0;
    if (this.#removedAt >= since) return "the user removed the application at Discord";
    const rotation = this.#tokenRequests().findLast(
      ({ fault = "", status }) => SWALLOWING.includes(fault) || status === 200,
    );
    if (!rotation) return undefined;
    if (SWALLOWING.includes(rotation.fault ?? "")) {
      return "Discord rotated the pair, and a fault swallowed its answer";
    }
    const isCut = this.#world.workers.cutRefreshes.some(
      ({ userId, begunAt, cutAt }) =>
        userId === this.#knownAs && begunAt <= rotation.at && rotation.at <= cutAt,
    );
    return isCut ? "a worker was killed between that answer and the store" : undefined;
  }

  /** Seconds since the sign-in, what the token endpoint answered, and by which fault. */
  #history(): string {
    const requests = this.#tokenRequests().map(
      ({ at, status, fault = "" }) => `${(at - (this.#signedInAt ?? 0)) / 1000} s: ${status} ${fault}`,
    );
    return ["", ...requests].join("; ");
  }

  /** What the token endpoint was asked for in this sign-in, also with tokens that it had taken before. */
  #tokenRequests(): RecordedRequest[] {
    const since = this.#signedInAt ?? 0;
    const requests = this.#world.simulator.requestsTo("POST /oauth2/token").filter(({ at }) => at >= since);
    const own = requests.filter(({ userId }) => userId === this.#user.id);
    const tokens = new Set(own.map(({ form }) => form?.["refresh_token"]));
    return requests.filter(({ form }) => form?.["refresh_token"] && tokens.has(form["refresh_token"]));
  }

  #get(path: string): Promise<BrowserResponse | undefined> {
    return this.#request(this.#random.pick(this.#world.workers.urls) + path, "GET");
  }

  /** @returns nothing when the worker was killed meanwhile */
  async #request(url: string, method: string): Promise<BrowserResponse | undefined> {
    const { ledger } = this.#world;
    ledger.requests += 1;
    try {
      const answer = await this.#browser.request(url, { method });
      const code = answer.status >= 400 ? ` ${answer.json<{ code?: string }>().code}` : "";
      ledger.count(ledger.answers, `${answer.status}${code}`);
      return answer;
    } catch {
      ledger.count(ledger.answers, "none: the worker was gone");
      return undefined;
    }
  }
}
