/**
 * Which of a peer name's addresses to send to: state + event + now → action, without clock or sockets.
 *
 * Roaming belongs to the data plane; this decides only where datagrams go before the peer was heard, and when its
 * name has moved. A name that still has the address it led to never overrides the endpoint that the peer is heard from.
 */
import { type Address } from "./resolver.ts";
/** A peer that was not heard for so long may have a new address. */
export declare const SILENT_MS = 60000;
/** A peer that was never heard may be reachable at another of its addresses. */
export declare const ROTATE_MS = 10000;
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
  | {
      readonly type: "tick";
      readonly heardAt: number;
    }
  | {
      readonly type: "answer";
      readonly answers: readonly Address[];
    }
  | {
      readonly type: "failure";
    };
export type PeerAddressAction =
  | {
      readonly type: "none";
    }
  | {
      readonly type: "look-up";
    }
  | {
      readonly type: "use";
      readonly address: Address;
    };
export interface PeerAddressStep {
  readonly state: PeerAddressState;
  readonly action: PeerAddressAction;
}
export declare const initialPeerAddress: PeerAddressState;
/** False while a tick could change nothing, so that nobody needs to be asked when the peer was heard. */
export declare function tickMatters(state: PeerAddressState, now: number): boolean;
export declare function decidePeerAddress(
  state: PeerAddressState,
  event: PeerAddressEvent,
  now: number,
): PeerAddressStep;
