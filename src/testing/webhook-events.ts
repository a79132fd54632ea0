import { sign } from "node:crypto";
import type { Application } from "./application.js";
import type { SimulatedClock } from "./clock.js";

/** An event that Discord posts to the application's webhook URL. */
export interface WebhookEvent {
  /** The type, such as `APPLICATION_DEAUTHORIZED`. `PING` sends Discord's test of the URL. */
  readonly type: string;
  readonly data?: unknown;
}

/** Options for sending an event. */
export interface WebhookSendOptions {
  /** Sends a wrong signature, as Discord does regularly to test the receiver. */
  readonly wrongSignature?: boolean;
}

/** Sends signed events to the application. */
export class WebhookEvents {
  /** The URL to send events to; `undefined` to send none. */
  url: string | undefined;
  readonly #clock: SimulatedClock;
  readonly #application: Application;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(clock: SimulatedClock, application: Application, url: string | undefined) {
    this.url = url;
    this.#clock = clock;
    this.#application = application;
  }

  async send(url: string, event: WebhookEvent, options: WebhookSendOptions = {}): Promise<Response> {
    const now = this.#clock.now();
    const body = JSON.stringify(this.#envelope(event, now));
    const timestamp = Math.floor(now / 1000).toString();
    const signed = options.wrongSignature ? `${timestamp}something else` : timestamp + body;
    const signature = sign(null, Buffer.from(signed), this.#application.signingKey).toString("hex");
    return fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-Signature-Ed25519": signature,
        "X-Signature-Timestamp": timestamp,
      },
      body,
      signal: this.#closing.signal,
    });
  }

  /** Sends an event in the background, if the application has a URL. */
  announce(event: WebhookEvent): void {
    if (this.url === undefined) return;
    const delivery = this.send(this.url, event)
      .then((response) => response.arrayBuffer())
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** Ends deliveries that the application has not answered. */
  close(): void {
    this.#closing.abort();
  }

  /** Waits until all events in the background were delivered or have failed. */
  async delivered(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #envelope({ type, data }: WebhookEvent, now: number): Record<string, unknown> {
    const head = { version: 1, application_id: this.#application.id };
    if (type === "PING") return { ...head, type: 0 };
    const timestamp = new Date(now).toISOString().replace("Z", "000");
    return { ...head, type: 1, event: { type, timestamp, ...(data !== undefined && { data }) } };
  }
}
