import { loadBinding } from "../load-binding.ts";
import { systemError } from "../system-error.ts";
import {
  type Attribute,
  buildMessage,
  HEADER_BYTES,
  LITTLE_ENDIAN,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseAttributes,
  parseMessages,
  readString,
  viewOf,
} from "./message.ts";

const NLMSGERR_ATTR_MSG = 1;
const DUMP_ATTEMPTS = 5;

let lastSequence = 0;

export interface NetlinkRequest {
  readonly type: number;
  readonly flags?: number;
  /** The struct that the type demands. */
  readonly fixed: Uint8Array;
  readonly attributes?: readonly Attribute[];
  /** For messages of errors: what is done, and to what. */
  readonly operation: string;
  readonly object: string;
}

/** Sends one request and returns the answer without the acknowledgement. @throws TunNativeError with the kernel's errno */
export function request(parts: NetlinkRequest): NetlinkMessage[] {
  return exchange(parts, NLM_F_REQUEST | NLM_F_ACK | (parts.flags ?? 0));
}

/** Lists all objects of a kind. A table that changed while it was listed is listed again. */
export function dump(parts: NetlinkRequest): NetlinkMessage[] {
  let answer: NetlinkMessage[] = [];
  for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
    answer = exchange(parts, NLM_F_REQUEST | NLM_F_DUMP | (parts.flags ?? 0));
    if (answer.every((message) => (message.flags & NLM_F_DUMP_INTR) === 0)) break;
  }
  return answer;
}

function exchange(parts: NetlinkRequest, flags: number): NetlinkMessage[] {
  lastSequence = (lastSequence + 1) >>> 0;
  const message = buildMessage(parts.type, flags, lastSequence, parts.fixed, parts.attributes ?? []);
  const answer = loadBinding().netlinkRequest(message);
  if (typeof answer === "number") throw systemError(answer, parts.operation, parts.object);
  const messages = parseMessages(new Uint8Array(answer));
  for (const item of messages) {
    if (item.type === NLMSG_ERROR || item.type === NLMSG_DONE) checkResult(item, parts);
  }
  return messages.filter((item) => item.type !== NLMSG_ERROR && item.type !== NLMSG_DONE);
}

// Both ends of an answer start with an errno; an error is followed by the request (or its header only) and then,
// where the kernel has more to say, by attributes.
function checkResult(message: NetlinkMessage, parts: NetlinkRequest): void {
  if (message.body.length < 4) return;
  const view = viewOf(message.body);
  const result = view.getInt32(0, LITTLE_ENDIAN);
  if (result >= 0) return;
  let hint = "";
  if (message.type === NLMSG_ERROR && (message.flags & NLM_F_ACK_TLVS) !== 0) {
    const echoed = (message.flags & NLM_F_CAPPED) === 0 ? view.getUint32(4, LITTLE_ENDIAN) : HEADER_BYTES;
    hint = readString(parseAttributes(message.body, 4 + echoed).get(NLMSGERR_ATTR_MSG));
  }
  throw systemError(result, parts.operation, parts.object, hint);
}
