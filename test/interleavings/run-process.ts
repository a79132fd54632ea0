import { hash } from "node:crypto";

/** A point where a process is held until the search lets it continue. */
export interface Stop {
  /** Describes what is about to happen. Unique within its process. */
  readonly id: string;
  /** What it acts on; `undefined` if no other process can notice it. */
  readonly resource: string | undefined;
  readonly isRead: boolean;
  /** Nothing lets it continue before this time, in milliseconds since the run began. */
  readonly notBefore: number;
  isEnabled(): boolean;
  /**
   * Performs the action.
   *
   * @returns the result for the process, as text
   */
  act(): string;
  /** Tells the process the result. */
  deliver(): void;
  /** Reports that the action had no effect, if that can happen. */
  readonly fail?: (() => void) | undefined;
}

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly fire: () => void;
}

/** One process in one run: its position, what it waits for, and the responses it got. */
export class RunProcess {
  readonly name: string;
  /** The points where it is held. Simultaneous calls are next to each other. */
  readonly stops = new Map<string, Stop>();
  /** A hash of everything it has been told so far, which determines everything it does. */
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

  /** Whether it has nothing more to do by itself. */
  get isIdle(): boolean {
    return this.stops.size === 0 && this.#timers.length === 0;
  }

  /** Returns a name for the next action of this process. */
  nextId(what: string): string {
    this.#count += 1;
    return `${this.name}${this.#count} ${what}`;
  }

  remember(event: string): void {
    this.told = hash("sha1", `${this.told}\n${event}`, "base64url");
  }

  /** @returns a function that cancels it */
  startTimer(due: number, fire: () => void): () => void {
    this.#count += 1;
    const timer = { id: this.#count, due, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Returns the timer that fires next. */
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
