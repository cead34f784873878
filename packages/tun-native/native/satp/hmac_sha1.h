// HMAC-SHA1 of many packets (spec 6), each under a key of its own. Two rounds of hashing: everything inside of the
// outer hash for all packets, then the outer hash for all. How many messages run side by side is up to the hash.
#pragma once

#include <string.h>

#include "packet_job.h"
#include "sha1_job.h"

namespace tun_native {

// Blocks that are hashed but are not bytes of the packet. `pad` and `tail` are adjacent, so that the outer hash is one
// piece: outer pad, then the padded inner digest.
struct MacBlocks {
  alignas(64) uint8_t pad[kShaBlockBytes];
  uint8_t tail[2 * kShaBlockBytes];
  uint8_t digest[kMaxTagBytes];
};

struct MacScratch {
  MacBlocks blocks[kChunkPackets];
  Sha1Job hashes[kChunkPackets];
  Sha1Job* pointers[kChunkPackets];
};

inline void storeBigEndian(uint32_t word, uint8_t* out) {
  word = __builtin_bswap32(word);
  memcpy(out, &word, sizeof word);
}

inline void storeDigest(const Sha1Job& hash, uint8_t* out) {
  for (int i = 0; i < kShaStateWords; i++) storeBigEndian(hash.state[i], out + 4 * i);
}

inline void fillPad(const uint8_t* key, uint8_t byte, uint8_t* out) {
  memset(out, byte, kShaBlockBytes);
  for (int i = 0; i < kAuthKeyBytes; i++) out[i] ^= key[i];
}

// Padding of SHA-1: a one bit, zeros, the number of bits. Returns the number of blocks.
inline uint32_t fillTail(const uint8_t* rest, size_t restBytes, size_t hashedBytes, uint8_t* tail) {
  const uint32_t blocks = restBytes + 9 <= kShaBlockBytes ? 1 : 2;
  memset(tail, 0, blocks * kShaBlockBytes);
  memcpy(tail, rest, restBytes);
  tail[restBytes] = 0x80;
  storeBigEndian(static_cast<uint32_t>(hashedBytes * 8), tail + blocks * kShaBlockBytes - 4);
  return blocks;
}

inline void startInner(const PacketJob& job, MacBlocks* blocks, Sha1Job* hash) {
  const size_t bytes = static_cast<size_t>(job.bytes);
  const size_t whole = bytes / kShaBlockBytes;
  const size_t rest = bytes % kShaBlockBytes;
  fillPad(job.keys->block[kAuthBlock], 0x36, blocks->pad);
  const uint32_t tailBlocks = fillTail(job.packet + bytes - rest, rest, kShaBlockBytes + bytes, blocks->tail);
  hash->start({blocks->pad, 1}, {job.packet, static_cast<uint32_t>(whole)}, {blocks->tail, tailBlocks});
}

inline void startOuter(const PacketJob& job, MacBlocks* blocks, Sha1Job* hash) {
  uint8_t digest[kMaxTagBytes];
  storeDigest(*hash, digest);
  fillPad(job.keys->block[kAuthBlock], 0x5c, blocks->pad);
  fillTail(digest, sizeof digest, kShaBlockBytes + sizeof digest, blocks->tail);
  hash->start({blocks->pad, 2});
}

// Fills `blocks[i].digest` for every job i with a tag. `Crypto::hash(Sha1Job** jobs, count)` hashes jobs to their ends.
template <typename Crypto>
void hmacSha1(const PacketJob* jobs, int32_t count, MacScratch* scratch) {
  for (int pass = 0; pass < 2; pass++) {
    const bool outer = pass == 1;
    int32_t hashes = 0;
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].tagBytes == 0) continue;
      if (outer) {
        startOuter(jobs[i], &scratch->blocks[i], &scratch->hashes[i]);
      } else {
        startInner(jobs[i], &scratch->blocks[i], &scratch->hashes[i]);
      }
      scratch->pointers[hashes++] = &scratch->hashes[i];
    }
    Crypto::hash(scratch->pointers, hashes);
  }
  for (int32_t i = 0; i < count; i++) {
    if (jobs[i].tagBytes > 0) storeDigest(scratch->hashes[i], scratch->blocks[i].digest);
  }
}

}  // namespace tun_native
