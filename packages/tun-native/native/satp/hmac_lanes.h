// HMAC-SHA1 (spec 6) of groups of sixteen packets of about the same length, a lane for each from the first block to the
// last: neither pads nor digests are written to memory in between. For processors with masks for bytes.
#pragma once

#if defined(__x86_64__)

#include "hmac_sha1.h"
#include "sha1_stitched.h"

namespace tun_native {

namespace {

constexpr uint32_t kInnerPad = 0x36363636;
constexpr uint32_t kOuterPad = 0x5c5c5c5c;

// Lanes without a packet repeat that of the first, and nobody reads what comes of it.
struct LanePackets {
  const uint8_t* data[kGroupLanes];
  const uint8_t* keys[kGroupLanes];
  uint32_t bytes[kGroupLanes];

  LanePackets(const PacketJob* jobs, int32_t count) {
    for (int32_t lane = 0; lane < kGroupLanes; lane++) {
      const PacketJob& job = jobs[lane < count ? lane : 0];
      data[lane] = job.packet;
      keys[lane] = job.keys->block[kAuthBlock];
      bytes[lane] = static_cast<uint32_t>(job.bytes);
    }
  }

  uint32_t shortest() const {
    uint32_t least = bytes[0];
    for (uint32_t length : bytes) least = length < least ? length : least;
    return least;
  }

  uint32_t longest() const {
    uint32_t most = bytes[0];
    for (uint32_t length : bytes) most = length > most ? length : most;
    return most;
  }
};

// The block with the number of bits, which stands behind a byte for the one bit.
inline uint32_t lastBlock(uint32_t bytes) { return (bytes + 8) / kShaBlockBytes; }

// A block of each message, in the lanes of `mask`. Not inline: it is long, and only what is not the body comes here.
TUN_AVX512 __attribute__((noinline)) void compressWords(Sha1LaneState* group, Lanes16 (&words)[1][16], __mmask16 mask) {
  Lanes16 state[1][kShaStateWords];
  NothingBeside nothing[1];
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) state[0][i] = *reinterpret_cast<const Lanes16*>(group->word[i]);
  allRounds(state, words, nothing);
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) {
    const __m512i before = _mm512_load_si512(group->word[i]);
    _mm512_store_si512(group->word[i], _mm512_mask_add_epi32(before, mask, before, __m512i(state[0][i])));
  }
}

TUN_AVX512_INLINE void startHash(Sha1LaneState* group) {
  for (int i = 0; i < kShaStateWords; i++) _mm512_store_si512(group->word[i], _mm512_set1_epi32(static_cast<int>(kShaInitial[i])));
}

// A hash begins: with the key over a pad.
TUN_AVX512_INLINE void startPadded(const LanePackets& packets, uint32_t pad, Sha1LaneState* group) {
  startHash(group);
  Lanes16 words[1][16];
  loadWords(packets.keys, 0, words[0]);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) words[0][i] = i < kAuthKeyBytes / 4 ? words[0][i] ^ pad : Lanes16{} + pad;
  compressWords(group, words, 0xffff);
}

// What is left of the messages from block `block` on, with their padding. Lanes that are done keep their values.
TUN_AVX512_INLINE void finishInner(const LanePackets& packets, uint32_t block, Sha1LaneState* group) {
  const __m512i oneBit = _mm512_set1_epi8(static_cast<char>(0x80));
  for (const uint32_t last = lastBlock(packets.longest()); block <= last; block++) {
    uint32_t open = 0;
    alignas(64) uint32_t bits[kGroupLanes];
    __m512i rows[kGroupLanes];
#pragma GCC unroll 16
    for (int lane = 0; lane < kGroupLanes; lane++) {
      const uint32_t bytes = packets.bytes[lane];
      const uint32_t at = block * kShaBlockBytes;
      open |= static_cast<uint32_t>(block <= lastBlock(bytes)) << lane;
      bits[lane] = block == lastBlock(bytes) ? static_cast<uint32_t>(kShaBlockBytes + bytes) * 8 : 0;
      const uint32_t left = bytes > at ? bytes - at : 0;
      const __mmask64 mask = _bzhi_u64(~0ull, left < kShaBlockBytes ? left : kShaBlockBytes);
      const __m512i data = _mm512_maskz_loadu_epi8(mask, packets.data[lane] + (bytes - left));
      const __mmask64 end = bytes >= at && left < kShaBlockBytes ? 1ull << left : 0;
      rows[lane] = _mm512_mask_mov_epi8(data, end, oneBit);
    }
    Lanes16 words[1][16];
    transposeWords(rows, words[0]);
    words[0][15] |= Lanes16(_mm512_load_si512(bits));
    compressWords(group, words, static_cast<__mmask16>(open));
  }
}

// `outer` has been started: with the hashes of `inner` behind the pad it is the result.
TUN_AVX512_INLINE void finishOuter(const Sha1LaneState& inner, Sha1LaneState* outer) {
  Lanes16 words[1][16] = {};
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) words[0][i] = *reinterpret_cast<const Lanes16*>(inner.word[i]);
  words[0][kShaStateWords] += 0x80000000u;
  words[0][15] += static_cast<uint32_t>(kShaBlockBytes + kMaxTagBytes) * 8;
  compressWords(outer, words, 0xffff);
}

TUN_AVX512_INLINE void storeDigests(const Sha1LaneState& group, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  for (int32_t lane = 0; lane < count; lane++) {
    for (int i = 0; i < kShaStateWords; i++) storeBigEndian(group.word[i][lane], digests[lane] + 4 * i);
  }
}

// What is left of up to sixteen packets from block `block` on, and their digests.
TUN_AVX512 void finishLanes(const LanePackets& packets, int32_t count, uint32_t block, Sha1LaneState* inner, Sha1LaneState* outer,
                            uint8_t (*digests)[kMaxTagBytes]) {
  finishInner(packets, block, inner);
  finishOuter(*inner, outer);
  storeDigests(*outer, count, digests);
}

// Fills `digests[i]` for job i, of one to sixteen.
TUN_AVX512 void hmacLanes(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  const LanePackets packets(jobs, count);
  Sha1LaneState inner, outer;
  startPadded(packets, kInnerPad, &inner);
  startPadded(packets, kOuterPad, &outer);
  const uint32_t whole = packets.shortest() / kShaBlockBytes;
  NothingElse nothing;
  compressStitched(&inner, packets.data, 0, whole, nothing);
  finishLanes(packets, count, whole, &inner, &outer, digests);
}

// The same of thirty-two: two groups, side by side in the blocks that all of them have.
TUN_AVX512 inline void hmacLanePair(const PacketJob* jobs, uint8_t (*digests)[kMaxTagBytes]) {
  const LanePackets packets[2] = {{jobs, kGroupLanes}, {jobs + kGroupLanes, kGroupLanes}};
  Sha1LaneState inner[2], outer[2];
  for (int g = 0; g < 2; g++) {
    startPadded(packets[g], kInnerPad, &inner[g]);
    startPadded(packets[g], kOuterPad, &outer[g]);
  }
  const uint32_t shortest = packets[0].shortest() < packets[1].shortest() ? packets[0].shortest() : packets[1].shortest();
  const uint32_t whole = shortest / kShaBlockBytes;
  compressLanePair<Lanes16>(inner, packets[0].data, packets[1].data, whole);
  for (int g = 0; g < 2; g++) finishLanes(packets[g], kGroupLanes, whole, &inner[g], &outer[g], digests + g * kGroupLanes);
}

}  // namespace

}  // namespace tun_native

#endif
