// Runs: datagrams of which each goes on where the one in the row before ended. The protocol takes them together.
#pragma once

#include <string.h>

#include "../packet_batch.h"

namespace tun_native {

inline uint32_t bigEndianWord(const uint8_t* bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
  return __builtin_bswap32(word);
}

// Whether the header goes on: the same sender id and mux, the next sequence number. Behind the last number of all comes none.
inline bool headerFollows(const uint8_t* before, const uint8_t* header) {
  const uint32_t sequence = bigEndianWord(header);
  return sequence != 0 && sequence == bigEndianWord(before) + 1 && memcmp(header + 4, before + 4, 4) == 0;
}

// Marks rows that were opened, see PACKET_FOLLOWS in src/packet-batch.ts.
inline void markRuns(const Rows& rows, const int32_t* endpoints, int32_t first, int32_t count) {
  for (int32_t i = first + 1; i < first + count; i++) {
    int32_t* row = rows.row(i);
    const int32_t* before = rows.row(i - 1);
    if (row[kFlags] != kPacketOk || before[kFlags] == kPacketBadTag) continue;
    if (!headerFollows(rows.packet(before), rows.packet(row))) continue;
    const int32_t* endpoint = endpoints + static_cast<size_t>(i) * kEndpointWords;
    if (memcmp(endpoint, endpoint - kEndpointWords, kEndpointWords * sizeof(int32_t)) == 0) row[kFlags] = kPacketFollows;
  }
}

}  // namespace tun_native
