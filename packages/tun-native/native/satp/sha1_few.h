// SHA-1 of fewer messages than a vector has lanes. The schedule of a block does not depend on the blocks before it, so
// several blocks of each message are scheduled at once, all lanes in use, and written to a table; the rounds, where each
// block waits for the one before, read it.
#pragma once

#if defined(__x86_64__)

#include "sha1_lane_rounds.h"

namespace tun_native {

namespace {

// Words of the message schedule with their constants added, one row of lanes for each of the 80 rounds.
template <typename Wide>
struct Sha1Schedule {
  static constexpr int kStride = kLanesOf<Wide>;

  // One row more, because vectors are read from any lane on.
  Wide rows[81];

  // Fills as many lanes as `Part` has, from a block each.
  template <typename Part>
  TUN_LANES void fill(const uint8_t* const* blocks) {
    Part words[16];
    loadWords(blocks, 0, words);
    fillQuarter<0>(words);
    fillQuarter<1>(words);
    fillQuarter<2>(words);
    fillQuarter<3>(words);
  }

  const uint32_t* fromLane(int lane) const { return reinterpret_cast<const uint32_t*>(rows) + lane; }

 private:
  template <int Q, typename Part>
  TUN_LANES_INLINE void fillQuarter(Part (&words)[16]) {
#pragma GCC unroll 20
    for (int t = 20 * Q; t < 20 * Q + 20; t++) {
      if (t >= 16) scheduleWord(words, t);
      *reinterpret_cast<Part*>(&rows[t]) = words[t % 16] + kShaConstants[Q];
    }
  }
};

// What the lanes from `at` on hold, or that one as a number.
template <typename Vector>
TUN_LANES_INLINE Vector scheduled(const uint32_t* at) {
  typedef Vector Unaligned __attribute__((aligned(4), may_alias));
  return *reinterpret_cast<const Unaligned*>(at);
}

template <int Q, int kStride, typename Vector>
TUN_LANES_INLINE void scheduledRounds(Vector (&s)[kShaStateWords], const uint32_t* schedule) {
#pragma GCC unroll 20
  for (int t = 20 * Q; t < 20 * Q + 20; t++) {
    const int a = (80 - t) % 5, b = (81 - t) % 5, c = (82 - t) % 5, d = (83 - t) % 5, e = (84 - t) % 5;
    Vector mixed = s[e] + scheduled<Vector>(schedule + t * kStride) + mix<Q>(s[b], s[c], s[d]);
    settle(mixed);  // as in laneRounds()
    s[e] = mixed + rotateLeft<5>(s[a]);
    s[b] = rotateLeft<30>(s[b]);
  }
}

// One block of each message; their schedules are in neighbouring lanes.
template <int kStride, typename Vector>
TUN_LANES void compressScheduled(Vector (&state)[kShaStateWords], const uint32_t* schedule) {
  Vector s[kShaStateWords] = {state[0], state[1], state[2], state[3], state[4]};
  scheduledRounds<0, kStride>(s, schedule);
  scheduledRounds<1, kStride>(s, schedule);
  scheduledRounds<2, kStride>(s, schedule);
  scheduledRounds<3, kStride>(s, schedule);
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) state[i] += s[i];
}

// Takes N messages through as many blocks as the shortest has left. `Wide` has the lanes of the schedule, `Vector` those
// of the rounds. What stays on the stack is for the caller to wipe.
template <typename Wide, typename Vector, int N>
TUN_LANES void hashTogether(Sha1Job* const* jobs) {
  constexpr int32_t kLanes = kLanesOf<Wide>;
  constexpr int32_t kDepth = kLanes / N;
  union {
    Vector vectors[kShaStateWords];
    uint32_t words[kShaStateWords][kLanesOf<Vector>];
  } state = {};
  uint32_t left = jobs[0]->left();
  for (int32_t n = 0; n < N; n++) {
    for (int i = 0; i < kShaStateWords; i++) state.words[i][n] = jobs[n]->state[i];
    if (jobs[n]->left() < left) left = jobs[n]->left();
  }
  Sha1Schedule<Wide> schedule;
  while (left > 0) {
    const int32_t depth = left < kDepth ? static_cast<int32_t>(left) : kDepth;
    const uint8_t* blocks[kLanes];
    for (int32_t n = 0; n < N; n++) {
      for (int32_t i = 0; i < depth; i++) {
        blocks[N * i + n] = jobs[n]->data;
        jobs[n]->advance(1);
      }
    }
    for (int32_t lane = N * depth; lane < kLanes; lane++) blocks[lane] = blocks[0];
    if (N * depth <= 4) {
      schedule.template fill<Lanes4>(blocks);
    } else if (N * depth <= 8) {
      schedule.template fill<Lanes8>(blocks);
    } else {
      schedule.template fill<Wide>(blocks);
    }
    for (int32_t i = 0; i < depth; i++) compressScheduled<kLanes>(state.vectors, schedule.fromLane(N * i));
    left -= static_cast<uint32_t>(depth);
  }
  for (int32_t n = 0; n < N; n++) {
    for (int i = 0; i < kShaStateWords; i++) jobs[n]->state[i] = state.words[i][n];
  }
}

// Hashes one or two messages to their ends. For one, numbers are faster than a vector. `jobs` is used up.
template <typename Wide>
void hashFew(Sha1Job** jobs, int32_t count) {
  if (count == 2) {
    hashTogether<Wide, Lanes4, 2>(jobs);
    if (jobs[0]->left() == 0) jobs[0] = jobs[1];
  }
  if (count > 0 && jobs[0]->left() > 0) hashTogether<Wide, uint32_t, 1>(jobs);
}

}  // namespace

}  // namespace tun_native

#endif
