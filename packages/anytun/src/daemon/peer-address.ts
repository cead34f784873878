/**
 * Which of a peer name's addresses to send to: state + event + now → action, without clock or sockets.
 *
 * Roaming belongs to the data plane; this decides only where datagrams go before the peer was heard, and when its
 * name has moved. A name that still has the address it led to never overrides the endpoint that the peer is heard from.
 */
import { type Address, RETRY_MS } from "./resolver.ts";

/** A peer that was not heard for so long may have a new address. */
export const SILENT_MS = 60_000;
/** A peer that was never heard may be reachable at another of its addresses. */
export const ROTATE_MS = 10_000;

export interface PeerAddressState {
  /** The last answer; empty before the first. */
  readonly answers: readonly Address[];
  /** The address that was chosen last. */
  readonly chosen: Address | undefined;
  /** When the name led to a new choice; the peer counts as unheard until it is heard after this. */
  readonly namedAt: number;
  /** When rotation reached the present address, or last had no reason to go on. */
  readonly rotatedAt: number;
  /** No look-up before this. */
  readonly lookupAt: number;
  readonly lookingUp: boolean;
}

export type PeerAddressEvent =
  /** `heardAt`: when the peer was last heard (same clock as `now`), -1 = never. */
  | { readonly type: "tick"; readonly heardAt: number }
  | { readonly type: "answer"; readonly answers: readonly Address[] }
  | { readonly type: "failure" };

export type PeerAddressAction =
  | { readonly type: "none" }
  | { readonly type: "look-up" }
  | { readonly type: "use"; readonly address: Address };

export interface PeerAddressStep {
  readonly state: PeerAddressState;
  readonly action: PeerAddressAction;
}

const NONE: PeerAddressAction = { type: "none" };

export const initialPeerAddress: PeerAddressState = {
  answers: [],
  chosen: undefined,
  namedAt: 0,
  rotatedAt: 0,
  lookupAt: Number.NEGATIVE_INFINITY,
  lookingUp: false,
};

/** False while a tick could change nothing, so that nobody needs to be asked when the peer was heard. */
export function tickMatters(state: PeerAddressState, now: number): boolean {
  return (
    (!state.lookingUp && now >= state.lookupAt) || (state.answers.length > 1 && now >= state.rotatedAt + ROTATE_MS)
  );
}

export function decidePeerAddress(state: PeerAddressState, event: PeerAddressEvent, now: number): PeerAddressStep {
  switch (event.type) {
    case "failure":
      return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
    case "answer":
      return onAnswer(state, event.answers, now);
    case "tick":
      return onTick(state, event.heardAt, now);
  }
}

function onAnswer(state: PeerAddressState, answers: readonly Address[], now: number): PeerAddressStep {
  const known: PeerAddressState = { ...state, answers, lookingUp: false, lookupAt: now + SILENT_MS };
  const { chosen } = state;
  const first = answers[0];
  if (first === undefined) return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
  if (chosen !== undefined && indexOf(answers, chosen) >= 0) return { state: known, action: NONE };
  return {
    state: { ...known, chosen: first, namedAt: now, rotatedAt: now },
    action: { type: "use", address: first },
  };
}

function onTick(state: PeerAddressState, heardAt: number, now: number): PeerAddressStep {
  const unheard = heardAt < 0 || heardAt < state.namedAt;
  const silent = unheard || now - heardAt >= SILENT_MS;
  if (!silent) {
    const lookupAt = Math.max(state.lookupAt, heardAt + SILENT_MS);
    return { state: { ...state, lookupAt, rotatedAt: now }, action: NONE };
  }
  if (!state.lookingUp && now >= state.lookupAt) {
    return { state: { ...state, lookingUp: true }, action: { type: "look-up" } };
  }
  if (unheard && state.chosen !== undefined && now - state.rotatedAt >= ROTATE_MS) {
    const next = state.answers[(indexOf(state.answers, state.chosen) + 1) % state.answers.length];
    if (next !== undefined && !same(next, state.chosen)) {
      return { state: { ...state, chosen: next, rotatedAt: now }, action: { type: "use", address: next } };
    }
  }
  return { state, action: NONE };
}

function indexOf(answers: readonly Address[], wanted: Address): number {
  return answers.findIndex((answer) => same(answer, wanted));
}

function same(a: Address, b: Address): boolean {
  return a.family === b.family && a.address === b.address;
}
