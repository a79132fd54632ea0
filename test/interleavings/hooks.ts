/** A request to Discord's token endpoint. */
export interface TokenCall {
  readonly kind: "exchange" | "refresh" | "revoke";
  /** The code or the token that it carries. */
  readonly sent: string;
}

/** What holds the calls of one process. */
export interface Hooks {
  tokenCall<T>(call: TokenCall, send: () => Promise<T>): Promise<T>;
  apiCall<T>(send: () => Promise<T>): Promise<T>;
}

let hooks: Hooks = { tokenCall: (_, send) => send(), apiCall: (send) => send() };

/** Every copy of the library has hooks of its own. */
export function setHooks(next: Hooks): void {
  hooks = next;
}

/** The hooks in use. */
export function current(): Hooks {
  return hooks;
}
