// SHA-1 of sixteen messages at once with something else between the rounds of a block: the words of the next block are
// brought into lanes, which takes other units than sums do, and what the caller wants.
#pragma once

#if defined(__x86_64__)

#include "sha1_lane_rounds.h"

namespace tun_native {

namespace {

// Makes the compiler write what is to be in memory here, instead of whenever it likes.
TUN_AVX512_INLINE void settleMemory() { __asm__ volatile("" : : : "memory"); }

// The words of the block to come. As transposeWords(), in eighty steps.
class NextWords {
 public:
  // What block() takes at first.
  TUN_AVX512_INLINE void load(const uint8_t* const* data, size_t offset) {
    data_ = data;
    Lanes16 words[16];
    loadWords(data, offset, words);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) words_[i] = words[i];
  }

  // The words of this block. Those of the one at `nextOffset` are next.
  TUN_AVX512_INLINE void block(Lanes16 (&words)[16], size_t nextOffset) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) words[i] = words_[i];
    offset_ = nextOffset;
  }

  TUN_AVX512_INLINE void atRound(int t) {
    if (t < 40) fourRows(t / 10 * 4, t % 10);
    else fourWords(t / 10 - 4, t % 10);
  }

 private:
  // Word 4q + n of messages `first` to `first` + 3 into 128-bit part q of quads_[first + n].
  TUN_AVX512_INLINE void fourRows(int first, int step) {
    const __m512i bigEndian = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    if (step < 4) {
      rows_[step] = _mm512_shuffle_epi8(_mm512_loadu_si512(data_[first + step] + offset_), bigEndian);
      settle(rows_[step]);
    } else if (step < 6) {
      const int pair = step - 4;
      low_[pair] = _mm512_unpacklo_epi32(rows_[2 * pair], rows_[2 * pair + 1]);
      high_[pair] = _mm512_unpackhi_epi32(rows_[2 * pair], rows_[2 * pair + 1]);
      settle(low_[pair]);
      settle(high_[pair]);
    } else {
      if (step == 6) quads_[first] = _mm512_unpacklo_epi64(low_[0], low_[1]);
      if (step == 7) quads_[first + 1] = _mm512_unpackhi_epi64(low_[0], low_[1]);
      if (step == 8) quads_[first + 2] = _mm512_unpacklo_epi64(high_[0], high_[1]);
      if (step == 9) quads_[first + 3] = _mm512_unpackhi_epi64(high_[0], high_[1]);
      settleMemory();
    }
  }

  // Words n, 4 + n, 8 + n and 12 + n of all messages.
  TUN_AVX512_INLINE void fourWords(int n, int step) {
    if (step == 0) rows_[0] = _mm512_shuffle_i32x4(quads_[n], quads_[4 + n], 0x44);
    if (step == 1) rows_[1] = _mm512_shuffle_i32x4(quads_[n], quads_[4 + n], 0xee);
    if (step == 2) rows_[2] = _mm512_shuffle_i32x4(quads_[8 + n], quads_[12 + n], 0x44);
    if (step == 3) rows_[3] = _mm512_shuffle_i32x4(quads_[8 + n], quads_[12 + n], 0xee);
    if (step < 4) settle(rows_[step]);
    if (step == 4) words_[n] = Lanes16(_mm512_shuffle_i32x4(rows_[0], rows_[2], 0x88));
    if (step == 5) words_[4 + n] = Lanes16(_mm512_shuffle_i32x4(rows_[0], rows_[2], 0xdd));
    if (step == 6) words_[8 + n] = Lanes16(_mm512_shuffle_i32x4(rows_[1], rows_[3], 0x88));
    if (step == 7) words_[12 + n] = Lanes16(_mm512_shuffle_i32x4(rows_[1], rows_[3], 0xdd));
    if (step >= 4 && step < 8) settleMemory();
  }

  const uint8_t* const* data_;
  size_t offset_;
  __m512i rows_[4], low_[2], high_[2];
  __m512i quads_[16];
  Lanes16 words_[16];
};

// Between the rounds: the next words, and `Also`.
template <typename Also>
struct WordsBeside {
  NextWords words;
  Also also;

  // Leaves the words as they are: load() fills them.
  explicit WordsBeside(const Also& start) : also(start) {}

  TUN_AVX512_INLINE void atRound(int t) {
    also.atRound(t);
    words.atRound(t);
  }
};

// Takes all lanes through `blocks` blocks from number `first` on. `also` hears of each block and each of its rounds.
template <typename Also>
TUN_AVX512 void compressStitched(Sha1LaneState* group, const uint8_t* const* data, uint32_t first, uint32_t blocks, Also& also) {
  if (blocks == 0) return;
  Lanes16 state[1][kShaStateWords];
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) state[0][i] = *reinterpret_cast<const Lanes16*>(group->word[i]);
  // A copy, which can be in registers.
  WordsBeside<Also> beside[1] = {WordsBeside<Also>(also)};
  const size_t last = static_cast<size_t>(first + blocks - 1) * kShaBlockBytes;
  size_t offset = first * kShaBlockBytes;
  for (beside[0].words.load(data, offset); offset <= last; offset += kShaBlockBytes) {
    Lanes16 words[1][16];
    // Behind the last block there may be nothing: it comes twice, the second time for nobody.
    beside[0].words.block(words[0], offset < last ? offset + kShaBlockBytes : last);
    beside[0].also.atBlock();
    allRounds(state, words, beside);
    addState(state[0], group);
  }
  also = beside[0].also;
}

// For compressStitched().
struct NothingElse : NothingBeside {
  TUN_AVX512_INLINE void atBlock() {}
};

}  // namespace

}  // namespace tun_native

#endif
