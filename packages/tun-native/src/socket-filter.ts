/** Classic socket filters: the kernel drops what the program does not let through before anybody can read it. */
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/** One instruction as in `struct sock_filter` of <linux/filter.h>. */
export interface FilterInstruction {
  readonly code: number;
  readonly ifTrue?: number;
  readonly ifFalse?: number;
  readonly operand: number;
}

/**
 * Attaches a program to a socket, for datagrams from now on; it stays with the socket, whoever has it. On a UDP socket
 * the program sees the UDP header, 8 bytes, and the payload behind it.
 * @param fd descriptor of the socket
 * @param program at most 64 instructions
 * @throws TunNativeError `EINVAL` for a program that the kernel does not take
 */
export function setSocketFilter(fd: number, program: readonly FilterInstruction[]): void {
  const words = program.flatMap(({ code, ifTrue = 0, ifFalse = 0, operand }) => [code, ifTrue, ifFalse, operand]);
  check(loadBinding().setSocketFilter(fd, Int32Array.from(words)), "setsockopt(SO_ATTACH_FILTER)", `descriptor ${fd}`);
}
