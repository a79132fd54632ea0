import { hash } from "node:crypto";

/** A place where a process stands still until the search lets it go on. */
export interface Stop {
  /** Says what is about to happen; unique within its process. */
  readonly id: string;
  /** What it acts on; `undefined` where no other process can notice it. */
  readonly resource: string | undefined;
  readonly isRead: boolean;
  /** Milliseconds since the run began before which nothing lets it go on. */
  readonly notBefore: number;
  isEnabled(): boolean;
  /** Takes effect. @returns what the process is told, as text */
  act(): string;
  /** Tells the process. */
  deliver(): void;
  /** Tells it that nothing took effect, where that can happen. */
  readonly fail?: (() => void) | undefined;
}

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly fire: () => void;
}

/** One process in one run: its position, what it waits for, and the answers it got. */
export class RunProcess {
  readonly name: string;
  /** Where it stands. Calls that were made together stand next to each other. */
  readonly stops = new Map<string, Stop>();
  /** What it has been told so far, hashed: it does nothing that does not follow from that. */
  told = "";
  isDead = false;
  isFrozen = false;
  /** Its timers fire before it reads anything. */
  isThawing = false;
  #timers: Timer[] = [];
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  get isRunning(): boolean {
    return !this.isDead && !this.isFrozen;
  }

  /** A name for the next thing that this process does. */
  nextId(what: string): string {
    this.#count += 1;
    return `${this.name}${this.#count} ${what}`;
  }

  remember(event: string): void {
    this.told = hash("sha1", `${this.told}\n${event}`, "base64url");
  }

  /** @returns cancels it */
  startTimer(due: number, fire: () => void): () => void {
    this.#count += 1;
    const timer = { id: this.#count, due, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** The timer that fires next. */
  get nextTimer(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (next, timer) => (next && next.due <= timer.due ? next : timer),
      undefined,
    );
  }

  fireNextTimer(): void {
    const timer = this.nextTimer;
    this.#timers = this.#timers.filter((other) => other !== timer);
    timer?.fire();
  }
}
