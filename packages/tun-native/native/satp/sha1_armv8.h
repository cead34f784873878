// SHA-1 with the instructions of ARMv8, one to four messages side by side so that none waits for itself.
#pragma once

#if defined(__aarch64__)

#include "aes_armv8.h"
#include "sha1_job.h"

namespace tun_native {

// Round group G (four rounds) of N messages, and all groups behind it. `words` are the last four groups of the message
// schedule.
template <int N, int G>
TUN_ARMV8_INLINE void sha1Groups(uint32x4_t (&state)[N], uint32_t (&last)[N], uint32x4_t (&words)[4][N]) {
  if constexpr (G < 20) {
    constexpr uint32_t constant = G < 5 ? 0x5a827999 : G < 10 ? 0x6ed9eba1 : G < 15 ? 0x8f1bbcdc : 0xca62c1d6;
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      uint32x4_t& word = words[G % 4][i];
      if constexpr (G >= 4) {
        word = vsha1su0q_u32(word, words[(G + 1) % 4][i], words[(G + 2) % 4][i]);
        word = vsha1su1q_u32(word, words[(G + 3) % 4][i]);
      }
      const uint32x4_t input = vaddq_u32(word, vdupq_n_u32(constant));
      const uint32_t e = last[i];
      last[i] = vsha1h_u32(vgetq_lane_u32(state[i], 0));
      if constexpr (G < 5) {
        state[i] = vsha1cq_u32(state[i], e, input);
      } else if constexpr (G >= 10 && G < 15) {
        state[i] = vsha1mq_u32(state[i], e, input);
      } else {
        state[i] = vsha1pq_u32(state[i], e, input);
      }
    }
    sha1Groups<N, G + 1>(state, last, words);
  }
}

// Takes N messages through the same number of blocks.
template <int N>
TUN_ARMV8 void sha1Compress(Sha1Job* const* jobs, uint32_t blocks) {
  uint32x4_t state[N];
  uint32_t last[N];
  const uint8_t* data[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    data[i] = jobs[i]->data;
    state[i] = vld1q_u32(jobs[i]->state);
    last[i] = jobs[i]->state[4];
  }
  for (; blocks > 0; blocks--) {
    uint32x4_t words[4][N], startState[N];
    uint32_t startLast[N];
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      startState[i] = state[i];
      startLast[i] = last[i];
#pragma GCC unroll 4
      for (int part = 0; part < 4; part++) {
        words[part][i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data[i] + kBlockBytes * part)));
      }
      data[i] += kShaBlockBytes;
    }
    sha1Groups<N, 0>(state, last, words);
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      state[i] = vaddq_u32(state[i], startState[i]);
      last[i] += startLast[i];
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    vst1q_u32(jobs[i]->state, state[i]);
    jobs[i]->state[4] = last[i];
  }
}

struct Sha1Armv8 {
  template <int N>
  static void compress(Sha1Job* const* jobs, uint32_t blocks) {
    sha1Compress<N>(jobs, blocks);
  }
};

}  // namespace tun_native

#endif
