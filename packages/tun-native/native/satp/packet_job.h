// What the kernels work with: one job per packet of a chunk, and the keys of a context laid out so that the derivation
// of a packet is a handful of AES blocks that differ from it in four bytes.
#pragma once

#include "session_blocks.h"

namespace tun_native {

// Rows that are worked on together: sorted by length where packets go side by side in lanes, else through one step before
// the next.
constexpr int32_t kChunkPackets = 64;

constexpr int kMaxRoundKeys = 15;

// Derived blocks in the order in which they are computed: the last is only needed for cipher keys above 16 bytes.
constexpr int kDerivedBlocks = 5;
constexpr int kCommonBlocks = 4;
constexpr int kKeyBlock = 0;
constexpr int kSaltBlock = 1;
constexpr int kAuthBlock = 2;
constexpr int kSecondKeyBlock = 4;

struct DerivedBlocks {
  alignas(64) uint8_t block[kDerivedBlocks][kBlockBytes];
};

// An expanded AES key.
struct RoundKeys {
  alignas(64) uint8_t bytes[kMaxRoundKeys * kBlockBytes];
  int32_t rounds;
};

struct PacketJob {
  uint8_t* packet;
  int32_t* row;
  int32_t bytes;  // header and body
  int32_t cipherKeyBytes;
  int32_t tagBytes;
  const void* master;  // of the derivation, as the kernel keeps it; null: all session keys are zero
  const DerivedBlocks* inputs;
  DerivedBlocks* keys;

  uint8_t* body() const { return packet + kHeaderBytes; }
  int32_t bodyBytes() const { return bytes - kHeaderBytes; }
};

constexpr int roundsFor(int32_t keyBytes) { return keyBytes / 4 + 6; }

inline void derivationInputs(const DirectionBlocks& direction, DerivedBlocks* out) {
  const uint8_t header[kHeaderBytes] = {};
  packetBlock(direction.encryption, header, 0, out->block[kKeyBlock]);
  packetBlock(direction.salt, header, 0, out->block[kSaltBlock]);
  packetBlock(direction.authentication, header, 0, out->block[kAuthBlock]);
  packetBlock(direction.authentication, header, 1, out->block[kAuthBlock + 1]);
  packetBlock(direction.encryption, header, 1, out->block[kSecondKeyBlock]);
}

// The cipher key as one run of 16, 24 or 32 bytes, as the key schedules want it.
inline void cipherKey(const PacketJob& job, uint8_t* out) {
  memcpy(out, job.keys->block[kKeyBlock], kBlockBytes);
  if (job.cipherKeyBytes > kBlockBytes) memcpy(out + kBlockBytes, job.keys->block[kSecondKeyBlock], kBlockBytes);
}

}  // namespace tun_native
