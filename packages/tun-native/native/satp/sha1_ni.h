// SHA-1 with the SHA instructions, one to four messages side by side: each instruction waits several cycles for the one
// before it in its own message, and the others fill the gap.
#pragma once

#if defined(__x86_64__)

#include "aes_ni.h"
#include "sha1_job.h"

#define TUN_SHANI __attribute__((target("sha,aes,ssse3,sse4.1")))
#define TUN_SHANI_INLINE TUN_SHANI __attribute__((always_inline)) inline

namespace tun_native {

// Round group G (four rounds) of N messages, and all groups behind it. `words` are the last four groups of the message
// schedule, `before` is the state one group ago, whose first word becomes this group's E.
template <int N, int G>
TUN_SHANI_INLINE void sha1Groups(__m128i (&state)[N], __m128i (&before)[N], __m128i (&words)[4][N]) {
  if constexpr (G < 20) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      __m128i& word = words[G % 4][i];
      if constexpr (G >= 4) {
        word = _mm_sha1msg1_epu32(word, words[(G + 1) % 4][i]);
        word = _mm_sha1msg2_epu32(_mm_xor_si128(word, words[(G + 2) % 4][i]), words[(G + 3) % 4][i]);
      }
      const __m128i input = G == 0 ? _mm_add_epi32(before[i], word) : _mm_sha1nexte_epu32(before[i], word);
      before[i] = state[i];
      state[i] = _mm_sha1rnds4_epu32(state[i], input, G / 5);
    }
    sha1Groups<N, G + 1>(state, before, words);
  }
}

// Takes N messages through the same number of blocks.
template <int N>
TUN_SHANI void sha1Compress(Sha1Job* const* jobs, uint32_t blocks) {
  const __m128i bigEndian = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  __m128i state[N], last[N];
  const uint8_t* data[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    data[i] = jobs[i]->data;
    // The instructions want the first word in the highest place.
    state[i] = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(jobs[i]->state)), 0x1b);
    last[i] = _mm_slli_si128(_mm_cvtsi32_si128(static_cast<int>(jobs[i]->state[4])), 12);
  }
  for (; blocks > 0; blocks--) {
    __m128i before[N], words[4][N], startState[N], startLast[N];
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      startState[i] = state[i];
      startLast[i] = before[i] = last[i];
#pragma GCC unroll 4
      for (int part = 0; part < 4; part++) words[part][i] = _mm_shuffle_epi8(loadBlock(data[i] + kBlockBytes * part), bigEndian);
      data[i] += kShaBlockBytes;
    }
    sha1Groups<N, 0>(state, before, words);
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      last[i] = _mm_sha1nexte_epu32(before[i], startLast[i]);
      state[i] = _mm_add_epi32(state[i], startState[i]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(jobs[i]->state), _mm_shuffle_epi32(state[i], 0x1b));
    jobs[i]->state[4] = static_cast<uint32_t>(_mm_extract_epi32(last[i], 3));
  }
}

struct Sha1Ni {
  template <int N>
  static void compress(Sha1Job* const* jobs, uint32_t blocks) {
    sha1Compress<N>(jobs, blocks);
  }
};

}  // namespace tun_native

#endif
