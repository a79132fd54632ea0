/** A request to Discord's token endpoint. */
export interface TokenCall {
  readonly kind: "exchange" | "refresh" | "revoke";
  /** The code or token in it. */
  readonly sent: string;
}

/** Holds the calls of one process. */
export interface Hooks {
  tokenCall<T>(call: TokenCall, send: () => Promise<T>): Promise<T>;
  apiCall<T>(send: () => Promise<T>): Promise<T>;
}

let hooks: Hooks = { tokenCall: (_, send) => send(), apiCall: (send) => send() };

/** Hooks, one set for each copy of the library. */
export function setHooks(next: Hooks): void {
  hooks = next;
}

/** The current hooks. */
export function current(): Hooks {
  return hooks;
}
