/** What a sequence number says about its packet, compared with what was seen of the same sender id. */
export const SequenceVerdict = {
  /** Seen before, or too old to tell. Nothing may follow from the packet. */
  replayed: 0,
  /** No memory is left for another sender id. */
  senderLimit: 1,
  /** The first packet of this sender id. */
  first: 2,
  /** Newer than every packet before. */
  newer: 3,
  /** Older than the newest, but acceptable. */
  older: 4,
} as const;

/** One of the numbers of {@link SequenceVerdict}. */
export type SequenceVerdict = (typeof SequenceVerdict)[keyof typeof SequenceVerdict];
