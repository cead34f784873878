// SHA-1 of as many messages at once as a vector has lanes, and of twice as many with two groups interleaved.
#pragma once

#if defined(__x86_64__)

#include "sha1_lane_words.h"

namespace tun_native {

constexpr int kGroupLanes = 16;

constexpr uint32_t kShaConstants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

// Chaining values by word, then by lane. Vectors with fewer lanes use the first ones.
struct Sha1LaneState {
  alignas(64) uint32_t word[kShaStateWords][kGroupLanes];
};

namespace {

template <int N, typename Vector>
TUN_LANES_INLINE Vector rotateLeft(Vector value) {
  return value << N | value >> (32 - N);
}

template <int Q, typename Vector>
TUN_LANES_INLINE Vector mix(Vector b, Vector c, Vector d) {
  if constexpr (Q == 0) return choose(b, c, d);
  if constexpr (Q == 2) return majority(b, c, d);
  return parity(b, c, d);
}

// Word t of the message schedule, from 16 on. The oldest words are there long before the newest.
template <typename Vector>
TUN_LANES_INLINE void scheduleWord(Vector (&w)[16], int t) {
  w[t % 16] = rotateLeft<1>(parity(w[t % 16] ^ w[(t - 14) % 16], w[(t - 8) % 16], w[(t - 3) % 16]));
}

// Twenty rounds of G groups, of which Q is the quarter. The five state words change places instead of moving: A of
// round t is state[(80 - t) % 5].
template <int G, int Q, typename Vector>
TUN_LANES_INLINE void laneRounds(Vector (&state)[G][kShaStateWords], Vector (&words)[G][16]) {
  const Vector constant = Vector{} + kShaConstants[Q];
#pragma GCC unroll 20
  for (int t = 20 * Q; t < 20 * Q + 20; t++) {
    const int a = (80 - t) % 5, b = (81 - t) % 5, c = (82 - t) % 5, d = (83 - t) % 5, e = (84 - t) % 5;
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
      Vector(&s)[kShaStateWords] = state[g];
      if (t >= 16) scheduleWord(words[g], t);
      Vector early = s[e] + constant;
      settle(early);
      Vector mixed = early + words[g][t % 16] + mix<Q>(s[b], s[c], s[d]);
      // A, which is known last, must be added last. Without this GCC reorders the sum and takes twice the time.
      settle(mixed);
      s[e] = mixed + rotateLeft<5>(s[a]);
      s[b] = rotateLeft<30>(s[b]);
    }
  }
}

// Takes G groups through the same number of blocks. `data` has a pointer for each lane.
template <typename Vector, int G>
TUN_LANES void compressLanes(Sha1LaneState* groups, const uint8_t* const* data, uint32_t blocks) {
  Vector state[G][kShaStateWords];
#pragma GCC unroll 2
  for (int g = 0; g < G; g++) {
#pragma GCC unroll 5
    for (int i = 0; i < kShaStateWords; i++) state[g][i] = *reinterpret_cast<const Vector*>(groups[g].word[i]);
  }
  for (size_t offset = 0; offset < blocks * kShaBlockBytes; offset += kShaBlockBytes) {
    Vector words[G][16];
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) loadWords(data + kGroupLanes * g, offset, words[g]);
    laneRounds<G, 0>(state, words);
    laneRounds<G, 1>(state, words);
    laneRounds<G, 2>(state, words);
    laneRounds<G, 3>(state, words);
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
#pragma GCC unroll 5
      for (int i = 0; i < kShaStateWords; i++) {
        Vector* sum = reinterpret_cast<Vector*>(groups[g].word[i]);
        state[g][i] += *sum;
        *sum = state[g][i];
      }
    }
  }
}

}  // namespace

}  // namespace tun_native

#endif
