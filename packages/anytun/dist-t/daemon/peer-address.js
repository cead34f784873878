/**
 * Which of a peer name's addresses to send to: state + event + now → action, without clock or sockets.
 *
 * Roaming belongs to the data plane; this decides only where datagrams go before the peer was heard, and when its
 * name has moved. A name that still has the address it led to never overrides the endpoint that the peer is heard from.
 */
import { RETRY_MS } from "./resolver.js";
/** A peer that was not heard for so long may have a new address. */
export const SILENT_MS = 60_000;
/** A peer that was never heard may be reachable at another of its addresses. */
export const ROTATE_MS = 10_000;
const NONE = { type: "none" };
export const initialPeerAddress = {
  answers: [],
  chosen: undefined,
  namedAt: 0,
  rotatedAt: 0,
  lookupAt: Number.NEGATIVE_INFINITY,
  lookingUp: false,
};
/** False while a tick could change nothing, so that nobody needs to be asked when the peer was heard. */
export function tickMatters(state, now) {
  return (
    (!state.lookingUp && now >= state.lookupAt) || (state.answers.length > 1 && now >= state.rotatedAt + ROTATE_MS)
  );
}
export function decidePeerAddress(state, event, now) {
  switch (event.type) {
    case "failure":
      return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
    case "answer":
      return onAnswer(state, event.answers, now);
    case "tick":
      return onTick(state, event.heardAt, now);
  }
}
function onAnswer(state, answers, now) {
  const known = { ...state, answers, lookingUp: false, lookupAt: now + SILENT_MS };
  const { chosen } = state;
  const first = answers[0];
  if (first === undefined) return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
  if (chosen !== undefined && indexOf(answers, chosen) >= 0) return { state: known, action: NONE };
  return {
    state: { ...known, chosen: first, namedAt: now, rotatedAt: now },
    action: { type: "use", address: first },
  };
}
function onTick(state, heardAt, now) {
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
function indexOf(answers, wanted) {
  return answers.findIndex((answer) => same(answer, wanted));
}
function same(a, b) {
  return a.family === b.family && a.address === b.address;
}
//# sourceMappingURL=peer-address.js.map
