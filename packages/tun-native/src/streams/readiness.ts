/** Tells streams when their descriptor is readable; one native thread for all streams of a JavaScript thread. */
import type { NativeHandle } from "../binding.ts";
import { loadBinding } from "../load-binding.ts";
import { check } from "../system-error.ts";

const watchers = new Map<number, () => void>();
let thread: NativeHandle | undefined;

/**
 * Starts to watch; `onReadable` is called once after each {@link arm}. The process stays alive while anything is
 * watched.
 */
export function watch(fd: number, onReadable: () => void): void {
  watchers.set(fd, onReadable);
  if (thread !== undefined) return;
  const opened = loadBinding().openReadiness((ready) => watchers.get(ready)?.());
  if (typeof opened === "number") {
    watchers.delete(fd);
    check(opened, "start", "readiness thread");
    return;
  }
  thread = opened;
}

/** Asks for the next call. */
export function arm(fd: number): void {
  if (thread !== undefined && watchers.has(fd)) {
    check(loadBinding().armReadiness(thread, fd), "epoll_ctl", `descriptor ${fd}`);
  }
}

/** Must come before the descriptor is closed: its number may be somebody else's right after. Idempotent. */
export function unwatch(fd: number): void {
  if (thread === undefined || !watchers.delete(fd)) return;
  const native = loadBinding();
  native.disarmReadiness(thread, fd);
  if (watchers.size > 0) return;
  native.closeReadiness(thread);
  thread = undefined;
}
