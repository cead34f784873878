/** Bodies of the control packets between two relays. All integers are big endian; longer bodies are of a later version. */
import type { Mark, MarkAnswer } from "./flow-window.ts";

/** Seconds between two signs of life of the sender, 0 if it gives none. */
export function keepaliveBody(seconds: number): Uint8Array {
  return words(seconds);
}

export function readKeepalive(body: Uint8Array): number | undefined {
  return readWords(body, 1)?.[0];
}

/** Datagrams of data that were sent before the end of input. */
export function endOfInputBody(datagrams: number): Uint8Array {
  return words(datagrams);
}

export function readEndOfInput(body: Uint8Array): number | undefined {
  return readWords(body, 1)?.[0];
}

export function markBody(mark: Mark): Uint8Array {
  return words(mark.number, mark.datagrams);
}

export function readMark(body: Uint8Array): Mark | undefined {
  const [number, datagrams] = readWords(body, 2) ?? [];
  return number === undefined || datagrams === undefined ? undefined : { number, datagrams };
}

export function markAnswerBody(answer: MarkAnswer): Uint8Array {
  return words(answer.number, answer.datagrams, answer.room);
}

export function readMarkAnswer(body: Uint8Array): MarkAnswer | undefined {
  const [number, datagrams, room] = readWords(body, 3) ?? [];
  if (number === undefined || datagrams === undefined || room === undefined) return undefined;
  return { number, datagrams, room };
}

/** Why an end leaves: everything is done, or it was stopped before. */
export const ByeReason = { done: 0, stopped: 1 } as const;
export type ByeReason = (typeof ByeReason)[keyof typeof ByeReason];

export function byeBody(reason: ByeReason): Uint8Array {
  return Uint8Array.of(reason);
}

export function readBye(body: Uint8Array): ByeReason {
  return body[0] === ByeReason.done ? ByeReason.done : ByeReason.stopped;
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value);
  return new Uint8Array(view.buffer);
}

function readWords(body: Uint8Array, count: number): number[] | undefined {
  if (body.length < 4 * count) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: count }, (_, index) => view.getUint32(4 * index));
}
