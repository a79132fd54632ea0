import { MemoryStore, type SessionData } from "express-session";

type Callback = (error?: unknown) => void;

/** A session store whose writes can be watched, held and made to fail. */
export class WatchedStore extends MemoryStore {
  /** The ids of sessions and records that were written, oldest first. */
  readonly written: string[] = [];
  /** Writes for which this returns true fail. */
  fails: (id: string) => boolean = () => false;
  /** The ids of completed writes. */
  readonly stored: string[] = [];
  /** What a write has to wait for. */
  holdsBack: (id: string) => Promise<void> | undefined = () => undefined;

  override set(id: string, session: SessionData, callback?: Callback): void {
    this.written.push(id);
    void Promise.resolve(this.holdsBack(id)).then(() => {
      if (this.fails(id)) {
        callback?.(new Error("The store is out of order."));
        return;
      }
      this.stored.push(id);
      super.set(id, session, callback);
    });
  }

  /** The number of sessions, without the records of grants. */
  get sessionIds(): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.all((error, sessions) => {
        if (error) reject(error);
        else resolve(Object.keys(sessions ?? {}).filter((id) => !isRecord(id)));
      });
    });
  }
}

/** Whether this is the id of a grant's record, not of a session. */
export function isRecord(id: string): boolean {
  return id.startsWith("discord-");
}
