// AES in counter mode between the rounds of a hash: of sixteen packets, in steps so small that each fits behind a round.
// Hashing keeps the units for sums busy and AES those for AES, so together they take less time than one after the other.
// For keys of 16 bytes, whose ten rounds go with ten of the hash.
#pragma once

#if defined(__x86_64__)

#include "aes_vaes.h"
#include "sha1_stitched.h"

namespace tun_native {

namespace {

// Four blocks.
constexpr int32_t kWideBytes = 64;
constexpr int kRounds128 = roundsFor(kBlockBytes);

// What the cipher needs of the packets of a group.
struct BodyLanes {
  // Each round key four times: so it is loaded without a shuffle, of which hashing has enough.
  alignas(kWideBytes) uint8_t keys[kGroupLanes][kRounds128 + 1][kWideBytes];
  // The first counter of each packet with the first round key over it.
  alignas(kBlockBytes) uint8_t starts[kGroupLanes][kBlockBytes];
  uint8_t* bodies[kGroupLanes];

  TUN_AVX512 void set(const PacketJob* jobs, RoundKeys (&scratch)[kKeysAtOnce]) {
    for (int lane = 0; lane < kGroupLanes; lane++) {
      const int i = lane % static_cast<int>(kKeysAtOnce);
      if (i == 0) expand(jobs + lane, scratch);
      const PacketJob& job = jobs[lane];
#pragma GCC unroll 11
      for (int round = 0; round <= kRounds128; round++) {
        _mm512_store_si512(keys[lane][round], broadcastBlock(scratch[i].bytes + kBlockBytes * round));
      }
      storeBlock(starts[lane], _mm_xor_si128(firstCounter(job), loadBlock(scratch[i].bytes)));
      bodies[lane] = job.body();
    }
  }

  KeySchedule<kWideBytes> keysOf(int lane) const { return {keys[lane][0], kRounds128}; }

 private:
  TUN_AVX512_INLINE static void expand(const PacketJob* jobs, RoundKeys (&out)[kKeysAtOnce]) {
    uint8_t cipherKeys[kKeysAtOnce][2 * kBlockBytes];
    for (size_t i = 0; i < kKeysAtOnce; i++) cipherKey(jobs[i], cipherKeys[i]);
    expandAesKeys<kKeysAtOnce>(cipherKeys, kBlockBytes, out);
  }
};

// For compressStitched(). With every block that is hashed, 64 bytes of every packet are encrypted or decrypted.
class BodiesBeside {
 public:
  TUN_AVX512_INLINE explicit BodiesBeside(const BodyLanes* group) : group_(group), offset_(-kWideBytes) {
    number_ = _mm512_setr_epi32(0, 0, 0, -4, 0, 0, 0, -3, 0, 0, 0, -2, 0, 0, 0, -1);
  }

  // The first byte of the bodies that is still as it was.
  int32_t end() const { return offset_ + kWideBytes; }

  TUN_AVX512_INLINE void atBlock() {
    offset_ += kWideBytes;
    number_ = _mm512_add_epi32(number_, _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 4)));
    // No packet has so many blocks that more than the last two bytes of a counter move, and those are zero at first.
    counter_ = _mm512_shuffle_epi8(number_, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12)));
  }

  // Two packets at a time, which take ten rounds of the hash.
  TUN_AVX512_INLINE void atRound(int t) {
    const int round = t % kRounds128 + 1;
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
      const int lane = t / kRounds128 * 2 + i;
      if (round == 1) blocks_[i] = _mm512_xor_si512(broadcastBlock(group_->starts[lane]), counter_);
      const __m512i key = _mm512_load_si512(group_->keys[lane][round]);
      blocks_[i] = round < kRounds128 ? _mm512_aesenc_epi128(blocks_[i], key) : _mm512_aesenclast_epi128(blocks_[i], key);
      // Without this the compiler puts all rounds of a block together.
      settle(blocks_[i]);
      if (round < kRounds128) continue;
      uint8_t* at = group_->bodies[lane] + offset_;
      _mm512_storeu_si512(at, _mm512_xor_si512(_mm512_loadu_si512(at), blocks_[i]));
    }
  }

 private:
  const BodyLanes* group_;
  int32_t offset_;
  __m512i number_;  // of the four blocks at offset_, each in the last word of its part
  __m512i counter_;
  __m512i blocks_[2];
};

}  // namespace

}  // namespace tun_native

#endif
