import type { SimulatedActivityInstance } from "./activity-instances.js";

/** Options of `openActivity`. */
export interface ActivityOptions {
  /** The URL of your app, such as `http://localhost:3000`: the target of the URL mapping `/`. */
  readonly appUrl: string;
  /** The running Activity to join. Default: a new one in a direct message. */
  readonly instance?: SimulatedActivityInstance;
  /** The platform. Default: "desktop". */
  readonly platform?: "desktop" | "mobile";
  /** Whether Discord's proxy signs the requests. Default: true. */
  readonly signed?: boolean;
  /** The port of the Activity's own origin. Default: 0, a free port chosen by the system. */
  readonly port?: number;
}

/** A console message of the Activity, which the Embedded App SDK sends to the client. */
export interface ActivityLog {
  /** The level, such as `log`, `warn` or `error`. */
  readonly level: string;
  readonly message: string;
}

/** An open Activity in the simulated client. */
export interface OpenActivity {
  /** The URL of the client's page, which shows the Activity in a frame. */
  readonly url: string;
  /** The Activity's own URL behind Discord's proxy, with the query parameters that Discord adds. */
  readonly frameUrl: string;
  readonly instance: SimulatedActivityInstance;
  /** The newest 1,000 console messages, oldest first. */
  readonly logs: readonly ActivityLog[];
  /** Closes the proxy. Closing the simulator closes it too. */
  close(): Promise<void>;
}

/** An open Activity, as the client's page uses it. */
export interface ActivityFrame extends OpenActivity {
  /** `frame_id` of the Embedded App SDK. */
  readonly id: string;
  readonly appUrl: string;
  readonly logs: ActivityLog[];
}
