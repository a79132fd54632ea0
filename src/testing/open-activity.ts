import type { SimulatedActivityInstance } from "./activity-instances.js";

/** How an Activity is opened. */
export interface ActivityOptions {
  /** Where your app listens, such as `http://localhost:3000`: the target of the URL mapping `/`. */
  readonly appUrl: string;
  /** The running Activity that is joined. Default: one that starts now, in a direct message. */
  readonly instance?: SimulatedActivityInstance;
  /** Default: "desktop". */
  readonly platform?: "desktop" | "mobile";
  /** Whether Discord's proxy signs the requests. Default: true. */
  readonly signed?: boolean;
  /** The port of the Activity's own origin. Default: 0, the system's choice. */
  readonly port?: number;
}

/** What the Activity has written to its console. The Embedded App SDK sends it to the client. */
export interface ActivityLog {
  /** Such as `log`, `warn` or `error`. */
  readonly level: string;
  readonly message: string;
}

/** An Activity that is open in the simulated client. */
export interface OpenActivity {
  /** The client's page, for a browser: it shows the Activity in a frame. */
  readonly url: string;
  /** The Activity's own address behind Discord's proxy, with what Discord adds to it. */
  readonly frameUrl: string;
  readonly instance: SimulatedActivityInstance;
  /** Oldest first. */
  readonly logs: readonly ActivityLog[];
  /** Closes the proxy. The simulator does so as well when it closes. */
  close(): Promise<void>;
}

/** What the client's page works on. */
export interface ActivityFrame {
  /** `frame_id` of the Embedded App SDK. */
  readonly id: string;
  readonly appUrl: string;
  readonly frameUrl: string;
  readonly instance: SimulatedActivityInstance;
  readonly logs: ActivityLog[];
}
