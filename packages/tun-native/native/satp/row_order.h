// The order in which rows are worked on where packets of about the same length go side by side.
#pragma once

#include "../packet_batch.h"

namespace tun_native {

// Sorts rows by length, the longest first. Those of one connection have the same length but for a few: nearly nothing moves.
inline void longestFirst(int32_t** rows, int32_t count) {
  for (int32_t i = 1; i < count; i++) {
    int32_t* row = rows[i];
    int32_t to = i;
    for (; to > 0 && rows[to - 1][kLength] < row[kLength]; to--) rows[to] = rows[to - 1];
    rows[to] = row;
  }
}

// How many of the first rows, which are sorted so, may be taken through the blocks of the longest, `most` at the most.
inline int32_t alike(int32_t* const* rows, int32_t count, int32_t most) {
  const int32_t least = rows[0][kLength] / 2;
  int32_t group = 1;
  while (group < count && group < most && rows[group][kLength] >= least) group++;
  return group;
}

}  // namespace tun_native
