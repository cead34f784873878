// AES with the instructions of ARMv8. One of them is AddRoundKey, SubBytes and ShiftRows together, so the last key is
// added on its own.
#pragma once

#if defined(__aarch64__)

#include <arm_neon.h>

#include "aes_steps.h"

#define TUN_ARMV8 __attribute__((target("+crypto")))
#define TUN_ARMV8_INLINE TUN_ARMV8 __attribute__((always_inline)) inline

namespace tun_native {

// SubWord of all four columns alike, which ShiftRows leaves alone.
TUN_ARMV8_INLINE uint32_t substituteWord(uint32_t word) {
  const uint8x16_t columns = vreinterpretq_u8_u32(vdupq_n_u32(word));
  return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(columns, vdupq_n_u8(0))), 0);
}

// FIPS 197 section 5.2, with words as they lie in memory.
TUN_ARMV8_INLINE void expandAesKey(const uint8_t* key, int32_t keyBytes, RoundKeys* out) {
  uint8_t* const roundKeys = out->bytes;
  out->rounds = roundsFor(keyBytes);
  const int32_t keyWords = keyBytes / 4;
  const int32_t words = 4 * (roundsFor(keyBytes) + 1);
  uint32_t constant = 1;
  uint32_t word = 0;
  memcpy(roundKeys, key, static_cast<size_t>(keyBytes));
  memcpy(&word, key + keyBytes - 4, sizeof word);
  for (int32_t i = keyWords; i < words; i++) {
    if (i % keyWords == 0) {
      word = substituteWord(word >> 8 | word << 24) ^ constant;
      constant = constant == 0x80 ? 0x1b : constant << 1;
    } else if (keyWords > 6 && i % keyWords == 4) {
      word = substituteWord(word);
    }
    uint32_t older;
    memcpy(&older, roundKeys + 4 * (i - keyWords), sizeof older);
    word ^= older;
    memcpy(roundKeys + 4 * i, &word, sizeof word);
  }
}

template <int N>
TUN_ARMV8_INLINE void encryptBlocks(const uint8_t* roundKeys, int rounds, uint8x16_t (&blocks)[N]) {
  for (int round = 0; round < rounds - 1; round++) {
    const uint8x16_t key = vld1q_u8(roundKeys + kBlockBytes * round);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) blocks[i] = vaesmcq_u8(vaeseq_u8(blocks[i], key));
  }
  const uint8x16_t key = vld1q_u8(roundKeys + kBlockBytes * (rounds - 1));
  const uint8x16_t last = vld1q_u8(roundKeys + kBlockBytes * rounds);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = veorq_u8(vaeseq_u8(blocks[i], key), last);
}

TUN_ARMV8_INLINE void deriveBlocks(const PacketJob& job) {
  const RoundKeys& master = *static_cast<const RoundKeys*>(job.master);
  uint8_t place[kBlockBytes] = {};
  memcpy(place + 10, job.packet, 4);  // the sequence number (spec 4.2)
  const uint8x16_t sequence = vld1q_u8(place);
  uint8x16_t blocks[kDerivedBlocks];
#pragma GCC unroll 8
  for (int i = 0; i < kDerivedBlocks; i++) blocks[i] = veorq_u8(vld1q_u8(job.inputs->block[i]), sequence);
  encryptBlocks(master.bytes, master.rounds, blocks);
#pragma GCC unroll 8
  for (int i = 0; i < kDerivedBlocks; i++) vst1q_u8(job.keys->block[i], blocks[i]);
}

// Block number `index` of the packet: only the last four bytes differ from the first counter.
TUN_ARMV8_INLINE uint8x16_t counterAt(uint8x16_t first, uint32_t index) {
  const uint32x4_t words = vreinterpretq_u32_u8(first);
  return vreinterpretq_u8_u32(vsetq_lane_u32(vgetq_lane_u32(words, 3) | __builtin_bswap32(index), words, 3));
}

TUN_ARMV8_INLINE void applyCounterMode(const PacketJob& job, const RoundKeys& keys) {
  uint8_t first[kBlockBytes];
  counterBlock(job.keys->block[kSaltBlock], job.packet, first);
  const uint8x16_t counter = vld1q_u8(first);
  uint8_t* at = job.body();
  int32_t left = job.bodyBytes();
  uint32_t index = 0;
  for (; left >= 8 * kBlockBytes; left -= 8 * kBlockBytes, at += 8 * kBlockBytes) {
    uint8x16_t stream[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) stream[i] = counterAt(counter, index++);
    encryptBlocks(keys.bytes, keys.rounds, stream);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) vst1q_u8(at + kBlockBytes * i, veorq_u8(vld1q_u8(at + kBlockBytes * i), stream[i]));
  }
  while (left > 0) {
    uint8x16_t stream[1] = {counterAt(counter, index++)};
    encryptBlocks(keys.bytes, keys.rounds, stream);
    if (left < kBlockBytes) {
      uint8_t last[kBlockBytes];
      vst1q_u8(last, stream[0]);
      for (int32_t i = 0; i < left; i++) at[i] ^= last[i];
      return;
    }
    vst1q_u8(at, veorq_u8(vld1q_u8(at), stream[0]));
    at += kBlockBytes;
    left -= kBlockBytes;
  }
}

}  // namespace tun_native

#endif
