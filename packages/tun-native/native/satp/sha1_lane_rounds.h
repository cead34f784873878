// SHA-1 of as many messages at once as a vector has lanes, or of two such groups side by side: their words no longer fit
// the registers, but where one group mostly waits for its own results that is still faster.
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

// Round t, in quarter Q. The five state words change places instead of moving: A of round t is s[(80 - t) % 5].
template <int Q, typename Vector>
TUN_LANES_INLINE void laneRound(Vector (&s)[kShaStateWords], Vector (&words)[16], Vector constant, int t) {
  const int a = (80 - t) % 5, b = (81 - t) % 5, c = (82 - t) % 5, d = (83 - t) % 5, e = (84 - t) % 5;
  if (t >= 16) scheduleWord(words, t);
  Vector early = s[e] + constant;
  settle(early);
  Vector mixed = early + words[t % 16] + mix<Q>(s[b], s[c], s[d]);
  // A, which is known last, must be added last. Without this GCC reorders the sum and takes twice the time.
  settle(mixed);
  s[e] = mixed + rotateLeft<5>(s[a]);
  s[b] = rotateLeft<30>(s[b]);
}

// The sum at the end of a block, in both.
template <typename Vector>
TUN_LANES_INLINE void addState(Vector (&state)[kShaStateWords], Sha1LaneState* group) {
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) {
    Vector* sum = reinterpret_cast<Vector*>(group->word[i]);
    state[i] += *sum;
    *sum = state[i];
  }
}

// What is done between the rounds of a group: nothing.
struct NothingBeside {
  TUN_LANES_INLINE void atRound(int) {}
};

// Twenty rounds, of which Q is the quarter. Groups take turns.
template <int Q, typename Vector, int kGroups, typename Beside>
TUN_LANES_INLINE void laneRounds(Vector (&s)[kGroups][kShaStateWords], Vector (&words)[kGroups][16], Beside (&beside)[kGroups]) {
  const Vector constant = Vector{} + kShaConstants[Q];
#pragma GCC unroll 20
  for (int t = 20 * Q; t < 20 * Q + 20; t++) {
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; g++) {
      laneRound<Q>(s[g], words[g], constant, t);
      beside[g].atRound(t);
    }
  }
}

// A block of each message, without the sum at its end. `words` is used up.
template <typename Vector, int kGroups, typename Beside>
TUN_LANES_INLINE void allRounds(Vector (&s)[kGroups][kShaStateWords], Vector (&words)[kGroups][16], Beside (&beside)[kGroups]) {
  laneRounds<0>(s, words, beside);
  laneRounds<1>(s, words, beside);
  laneRounds<2>(s, words, beside);
  laneRounds<3>(s, words, beside);
}

// Takes all lanes of all groups through the same number of blocks. `data` has pointers for the lanes of each group.
template <typename Vector, int kGroups>
TUN_LANES_INLINE void compressGroups(Sha1LaneState* groups, const uint8_t* const* const (&data)[kGroups], uint32_t blocks) {
  Vector state[kGroups][kShaStateWords];
  NothingBeside nothing[kGroups];
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; g++) {
#pragma GCC unroll 5
    for (int i = 0; i < kShaStateWords; i++) state[g][i] = *reinterpret_cast<const Vector*>(groups[g].word[i]);
  }
  for (size_t offset = 0; offset < blocks * kShaBlockBytes; offset += kShaBlockBytes) {
    Vector words[kGroups][16];
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; g++) loadWords(data[g], offset, words[g]);
    allRounds(state, words, nothing);
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; g++) addState(state[g], &groups[g]);
  }
}

template <typename Vector>
TUN_LANES void compressLanes(Sha1LaneState* group, const uint8_t* const* data, uint32_t blocks) {
  compressGroups<Vector, 1>(group, {data}, blocks);
}

template <typename Vector>
TUN_LANES void compressLanePair(Sha1LaneState (&groups)[2], const uint8_t* const* first, const uint8_t* const* second, uint32_t blocks) {
  compressGroups<Vector, 2>(groups, {first, second}, blocks);
}

}  // namespace

}  // namespace tun_native

#endif
