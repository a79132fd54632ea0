import { MemoryStore, type SessionData } from "express-session";

type Callback = (error?: unknown) => void;

/** A session store whose writes can be watched, held back and made to fail. */
export class WatchedStore extends MemoryStore {
  /** The id of every session or record that was written, oldest first. */
  readonly written: string[] = [];
  /** Writes for which this says so fail. */
  fails: (id: string) => boolean = () => false;
  /** What writes have to wait for. */
  gate: Promise<void> = Promise.resolve();

  override set(id: string, session: SessionData, callback?: Callback): void {
    this.written.push(id);
    this.gate.then(() => {
      if (this.fails(id)) callback?.(new Error("The store is out of order."));
      else super.set(id, session, callback);
    });
  }

  /** How many sessions there are; the records of grants are not counted. */
  get sessionIds(): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.all((error, sessions) => {
        if (error) reject(error);
        else resolve(Object.keys(sessions ?? {}).filter((id) => !isRecord(id)));
      });
    });
  }
}

/** Whether this names the record of a grant, and no session. */
export function isRecord(id: string): boolean {
  return id.startsWith("discord-");
}
