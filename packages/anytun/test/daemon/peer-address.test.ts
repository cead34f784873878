import { describe, expect, it } from "vitest";
import {
  decidePeerAddress,
  initialPeerAddress,
  type PeerAddressAction,
  type PeerAddressEvent,
  tickMatters,
} from "../../src/daemon/peer-address.ts";
import type { Address } from "../../src/daemon/resolver.ts";

const [A, B, C]: [Address, Address, Address] = [
  { address: "192.0.2.1", family: 4 },
  { address: "192.0.2.2", family: 4 },
  { address: "2001:db8::3", family: 6 },
];

const NEVER = -1;
const NONE: PeerAddressAction = { type: "none" };
const LOOK_UP: PeerAddressAction = { type: "look-up" };
const tick = (heardAt: number): PeerAddressEvent => ({ type: "tick", heardAt });
const answer = (...answers: Address[]): PeerAddressEvent => ({ type: "answer", answers });
const failure: PeerAddressEvent = { type: "failure" };
const use = (address: Address): PeerAddressAction => ({ type: "use", address });

/** One row: seconds, what happens, what is done about it. */
type Row = [number, PeerAddressEvent, PeerAddressAction];

const stories: Record<string, Row[]> = {
  "looks up at once and uses the first answer": [
    [0, tick(NEVER), LOOK_UP],
    [1, answer(A, B), use(A)],
  ],
  "asks only one question at a time": [
    [0, tick(NEVER), LOOK_UP],
    [5, tick(NEVER), NONE],
    [500, tick(NEVER), NONE],
  ],
  "asks again ten seconds after a failure": [
    [0, tick(NEVER), LOOK_UP],
    [4, failure, NONE],
    [13, tick(NEVER), NONE],
    [14, tick(NEVER), LOOK_UP],
    [15, answer(A), use(A)],
  ],
  "treats an empty answer as a failure": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(), NONE],
    [9, tick(NEVER), NONE],
    [10, tick(NEVER), LOOK_UP],
  ],
  "rotates through the answers while the peer was never heard": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A, B, C), use(A)],
    [9, tick(NEVER), NONE],
    [10, tick(NEVER), use(B)],
    [19, tick(NEVER), NONE],
    [20, tick(NEVER), use(C)],
    [30, tick(NEVER), use(A)],
  ],
  "does not rotate with one answer": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A), use(A)],
    [30, tick(NEVER), NONE],
  ],
  "stays with the address at which the peer answered": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A, B), use(A)],
    [10, tick(NEVER), use(B)],
    [20, tick(11), NONE],
    [40, tick(11), NONE],
    [70, tick(69), NONE],
  ],
  "looks up again when the peer is silent for a minute, and keeps an address that is still named": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A, B), use(A)],
    [100, tick(95), NONE],
    [154, tick(95), NONE],
    [155, tick(95), LOOK_UP],
    [156, answer(B, A), NONE],
    [200, tick(95), NONE],
    [216, tick(95), LOOK_UP],
  ],
  "switches when the address is no longer named, then rotates until the peer is heard": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A), use(A)],
    [60, tick(0), LOOK_UP],
    [61, answer(B, C), use(B)],
    [70, tick(0), NONE],
    [71, tick(0), use(C)],
    [81, tick(0), use(B)],
    [91, tick(85), NONE],
    [101, tick(85), NONE],
  ],
  "keeps the old address when a later look-up fails": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A), use(A)],
    [60, tick(NEVER), LOOK_UP],
    [60, failure, NONE],
    [69, tick(NEVER), NONE],
    [70, tick(NEVER), LOOK_UP],
    [70, answer(A), NONE],
  ],
  "never looks up while the peer is heard": [
    [0, tick(NEVER), LOOK_UP],
    [0, answer(A), use(A)],
    [61, tick(60), NONE],
    [121, tick(120), NONE],
    [1000, tick(999), NONE],
  ],
};

describe("the address of a peer", () => {
  it.each(Object.entries(stories))("%s", (_, rows) => {
    let state = initialPeerAddress;
    for (const [seconds, event, expected] of rows) {
      const ms = (s: number) => (s < 0 ? s : 1_000_000 + s * 1000);
      const timed: PeerAddressEvent = event.type === "tick" ? { ...event, heardAt: ms(event.heardAt) } : event;
      const step = decidePeerAddress(state, timed, ms(seconds));
      expect(step.action, `at ${seconds} s`).toEqual(expected);
      // whoever asks before each tick must not miss one that does something
      if (event.type === "tick" && expected.type !== "none") expect(tickMatters(state, ms(seconds))).toBe(true);
      state = step.state;
    }
  });

  it("needs no attention while a heard peer is not due", () => {
    let { state } = decidePeerAddress(initialPeerAddress, tick(NEVER), 0);
    ({ state } = decidePeerAddress(state, answer(A, B), 0));
    ({ state } = decidePeerAddress(state, tick(5), 5));
    expect([6, 9_999, 10_004, 10_005].map((now) => tickMatters(state, now))).toEqual([false, false, false, true]);
  });
});
