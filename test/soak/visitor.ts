import { setTimeout } from "node:timers/promises";
import type { Browser, BrowserResponse, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import type { Ledger } from "./ledger.js";
import { describeKills, describeLoss, explainLoss, KILL_REASONS, type Loss } from "./losses.js";
import type { Random } from "./random.js";
import type { TokenRequests } from "./token-requests.js";
import type { Workers } from "./workers.js";

interface World {
  readonly simulator: DiscordSimulator;
  readonly workers: Workers;
  readonly ledger: Ledger;
  readonly tokenRequests: TokenRequests;
  readonly redirectUri: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

const PAGES = ["/me", "/me", "/fresh", "/guilds", "/visits"];

/** A person with a browser: signs in, looks around, sometimes with many requests at once, and signs out. */
export class Visitor {
  readonly #world: World;
  readonly #random: Random;
  readonly #user: SimulatedUser;
  readonly #browser: Browser;
  #signedInAt: number | undefined;
  #removedAt = 0;
  /** The id that the app learned at the login; empty if Discord did not return it. */
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
    const { simulator, ledger, tokenRequests } = this.#world;
    const begun = await this.#get("/login");
    if (begun?.status !== 302 || !begun.location) return;
    const approved = await simulator.approve(begun.location, { user: this.#user }).catch(() => undefined);
    ledger.count(ledger.answers, approved ? "Authorize pressed" : "none: Discord's page did not answer");
    if (!approved) return;
    const callback = new URL(approved);
    const clicks = this.#random.chance(0.2) ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: clicks }, () => this.#get(`/callback${callback.search}`)),
    );
    const login = answers.find((answer) => answer?.status === 200);
    if (login) {
      this.#knownAs = login.json<{ userId?: string }>().userId ?? "";
      this.#signedInAt = Date.now();
      tokenRequests.forget(this.#user.id);
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
    // A killed worker may have done it: people who get no response press the button again.
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
    const { ledger, tokenRequests, workers } = this.#world;
    const loss: Loss = {
      at: Date.now(),
      signedInAt: this.#signedInAt ?? 0,
      removedAt: this.#removedAt,
      userIds: [this.#user.id, this.#knownAs],
      tokenRequests: tokenRequests.of(this.#user.id),
    };
    const reason = explainLoss(loss, workers.deaths);
    if (reason) ledger.count(ledger.reasons, reason);
    if (reason && KILL_REASONS.includes(reason)) ledger.lostByKill.push(describeKills(loss, workers.deaths));
    if (!reason) ledger.lostWithoutReason.push(`${code}: ${describeLoss(loss, workers.deaths)}`);
    this.#signedInAt = undefined;
  }

  #get(path: string): Promise<BrowserResponse | undefined> {
    return this.#request(this.#random.pick(this.#world.workers.urls) + path, "GET");
  }

  /** @returns nothing if the worker was killed meanwhile */
  async #request(url: string, method: string): Promise<BrowserResponse | undefined> {
    const { ledger, startedAt } = this.#world;
    ledger.requests += 1;
    const askedAt = Date.now();
    try {
      const answer = await this.#browser.request(url, { method });
      ledger.countAnswerTime(Math.floor((askedAt - startedAt) / 60_000), Date.now() - askedAt);
      const code = answer.status >= 400 ? ` ${answer.json<{ code?: string }>().code}` : "";
      ledger.count(ledger.answers, `${answer.status}${code}`);
      return answer;
    } catch {
      ledger.count(ledger.answers, "none: the worker was gone");
      return undefined;
    }
  }
}
