// Cipher and hash of sixteen packets in one: what is sealed is encrypted a little before it is hashed, what is opened is
// decrypted a little behind.
#pragma once

#if defined(__x86_64__)

#include "bodies_beside.h"
#include "hmac_lanes.h"

namespace tun_native {

namespace {

// With fewer bytes there is too little to do beside.
constexpr int32_t kFewestStitched = 768;

inline bool canStitch(const PacketJob* jobs, int32_t count) {
  if (count != kGroupLanes) return false;
  for (int32_t i = 0; i < count; i++) {
    if (jobs[i].cipherKeyBytes != kBlockBytes || jobs[i].tagBytes == 0 || jobs[i].bytes < kFewestStitched) return false;
  }
  return true;
}

TUN_AVX512_INLINE void applyToLane(const PacketJob& job, const BodyLanes& bodies, int lane, int32_t from, int32_t to) {
  applyWideCounterMode(job, bodies.keysOf(lane), from, to);
}

// The keys over a pad as blocks of their own, which compressStitched() can take.
struct PaddedKeys {
  alignas(kShaBlockBytes) uint8_t blocks[kGroupLanes][kShaBlockBytes];
  const uint8_t* data[kGroupLanes];

  TUN_AVX512_INLINE PaddedKeys(const LanePackets& packets, uint32_t pad) {
    const __mmask16 keyWords = (1 << kAuthKeyBytes / 4) - 1;
    for (int lane = 0; lane < kGroupLanes; lane++) {
      const __m512i key = _mm512_maskz_loadu_epi32(keyWords, packets.keys[lane]);
      _mm512_store_si512(blocks[lane], _mm512_xor_si512(key, _mm512_set1_epi32(static_cast<int>(pad))));
      data[lane] = blocks[lane];
    }
  }
};

// Encrypts the bodies and fills `digests[i]` for job i, of sixteen.
TUN_AVX512 void encryptAndHash(const PacketJob* jobs, const BodyLanes& bodies, uint8_t (*digests)[kMaxTagBytes]) {
  const LanePackets packets(jobs, kGroupLanes);
  const PaddedKeys innerKeys(packets, kInnerPad), outerKeys(packets, kOuterPad);
  Sha1LaneState inner, outer;
  startHash(&inner);
  startHash(&outer);
  // While block n is hashed, block n + 1 is loaded, which ends within the 64 bytes of number n + 1 of the body. Those of
  // number 0 and 1 are encrypted beside the pads.
  BodiesBeside beside(&bodies);
  compressStitched(&outer, outerKeys.data, 0, 1, beside);
  compressStitched(&inner, innerKeys.data, 0, 1, beside);
  const uint32_t both = (packets.shortest() - kHeaderBytes) / kWideBytes - 2;
  compressStitched(&inner, packets.data, 0, both, beside);
  for (int lane = 0; lane < kGroupLanes; lane++) applyToLane(jobs[lane], bodies, lane, beside.end(), jobs[lane].bodyBytes());
  finishLanes(packets, kGroupLanes, both, &inner, &outer, digests);
}

// Fills `digests[i]` for job i, of sixteen, and returns how many bytes of each body it has decrypted meanwhile.
TUN_AVX512 int32_t hashAndDecrypt(const PacketJob* jobs, const BodyLanes& bodies, uint8_t (*digests)[kMaxTagBytes]) {
  const LanePackets packets(jobs, kGroupLanes);
  Sha1LaneState inner, outer;
  startPadded(packets, kInnerPad, &inner);
  startPadded(packets, kOuterPad, &outer);
  const uint32_t whole = packets.shortest() / kShaBlockBytes;
  NothingElse nothing;
  // The first 64 bytes of a body end in the second block.
  compressStitched(&inner, packets.data, 0, 1, nothing);
  BodiesBeside beside(&bodies);
  compressStitched(&inner, packets.data, 1, whole - 1, beside);
  finishLanes(packets, kGroupLanes, whole, &inner, &outer, digests);
  return beside.end();
}

}  // namespace

}  // namespace tun_native

#endif
