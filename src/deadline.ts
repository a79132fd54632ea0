/** Nothing came in time. */
export class DeadlinePassed extends Error {}

/** Waits for a task so long, in real time; the task itself goes on. @throws DeadlinePassed */
export async function withDeadline<T>(ms: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed(`Nothing came within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([task, passed]);
  } finally {
    clearTimeout(timer);
  }
}
