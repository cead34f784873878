/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean, what = "condition"): Promise<void> {
  for (let rounds = 0; !condition(); rounds++) {
    if (rounds > 2000) throw new Error(`${what}: not within ten seconds`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Lets everything happen that needs no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
