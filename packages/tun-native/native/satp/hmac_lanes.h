// HMAC-SHA1 (spec 6) of up to sixteen or thirty-two packets of about the same length, a lane for each from the first block to the
// last: neither pads nor digests are written to memory in between. For processors with masks for bytes.
#pragma once

#if defined(__x86_64__)

#include "cpu_features.h"
#include "hmac_sha1.h"
#include "sha1_lane_rounds.h"

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
TUN_AVX512 __attribute__((noinline)) void compressWords(Sha1LaneState* group, Lanes16 (&words)[16], __mmask16 mask) {
  Lanes16 state[kShaStateWords];
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) state[i] = *reinterpret_cast<const Lanes16*>(group->word[i]);
  allRounds(state, words);
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) {
    const __m512i before = _mm512_load_si512(group->word[i]);
    _mm512_store_si512(group->word[i], _mm512_mask_add_epi32(before, mask, before, __m512i(state[i])));
  }
}

// A hash begins: with the key over a pad.
TUN_AVX512_INLINE void startPadded(const LanePackets& packets, uint32_t pad, Sha1LaneState* group) {
  for (int i = 0; i < kShaStateWords; i++) _mm512_store_si512(group->word[i], _mm512_set1_epi32(static_cast<int>(kShaInitial[i])));
  Lanes16 words[16];
  loadWords(packets.keys, 0, words);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) words[i] = i < kAuthKeyBytes / 4 ? words[i] ^ pad : Lanes16{} + pad;
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
    Lanes16 words[16];
    transposeWords(rows, words);
    words[15] |= Lanes16(_mm512_load_si512(bits));
    compressWords(group, words, static_cast<__mmask16>(open));
  }
}

TUN_AVX512_INLINE void finishOuter(const LanePackets& packets, Sha1LaneState* group) {
  Lanes16 words[16] = {};
#pragma GCC unroll 5
  for (int i = 0; i < kShaStateWords; i++) words[i] = *reinterpret_cast<const Lanes16*>(group->word[i]);
  words[kShaStateWords] += 0x80000000u;
  words[15] += static_cast<uint32_t>(kShaBlockBytes + kMaxTagBytes) * 8;
  startPadded(packets, kOuterPad, group);
  compressWords(group, words, 0xffff);
}

TUN_AVX512_INLINE void storeDigests(const Sha1LaneState& group, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  for (int32_t lane = 0; lane < count; lane++) {
    for (int i = 0; i < kShaStateWords; i++) storeBigEndian(group.word[i][lane], digests[lane] + 4 * i);
  }
}

// Fills `digests[i]` for job i, of 1 to 16.
TUN_AVX512 void hmacLanes(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  const LanePackets packets(jobs, count);
  Sha1LaneState group;
  startPadded(packets, kInnerPad, &group);
  const uint32_t whole = packets.shortest() / kShaBlockBytes;
  compressLanes<Lanes16>(&group, packets.data, whole);
  finishInner(packets, whole, &group);
  finishOuter(packets, &group);
  storeDigests(group, count, digests);
}

// The same of 17 to 32: two groups, side by side in the blocks that all of them have.
TUN_AVX512 void hmacLanePair(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  const int32_t counts[2] = {kGroupLanes, count - kGroupLanes};
  const LanePackets packets[2] = {{jobs, counts[0]}, {jobs + kGroupLanes, counts[1]}};
  Sha1LaneState groups[2];
  for (int g = 0; g < 2; g++) startPadded(packets[g], kInnerPad, &groups[g]);
  const uint32_t shortest = packets[0].shortest() < packets[1].shortest() ? packets[0].shortest() : packets[1].shortest();
  const uint32_t whole = shortest / kShaBlockBytes;
  compressLanePair<Lanes16>(groups, packets[0].data, packets[1].data, whole);
  for (int g = 0; g < 2; g++) {
    finishInner(packets[g], whole, &groups[g]);
    finishOuter(packets[g], &groups[g]);
    storeDigests(groups[g], counts[g], digests + g * kGroupLanes);
  }
}

// Packets that hmacGroups() takes at the most, as many as this processor hashes best.
const int32_t kMostPackets = prefersTwoGroups() ? 2 * kGroupLanes : kGroupLanes;

inline void hmacGroups(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
  if (count > kGroupLanes) hmacLanePair(jobs, count, digests);
  else hmacLanes(jobs, count, digests);
}

}  // namespace

}  // namespace tun_native

#endif
