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

// `byte` repeated, with the key xored over the beginning. Word by word and straight into place: what is stored in
// small parts and read back as a whole at once makes the processor wait.
inline void fillPad(const uint8_t* key, uint8_t byte, uint8_t* out) {
  for (int i = 0; i < kAuthKeyBytes; i += 4) {
    uint32_t word;
    memcpy(&word, key + i, sizeof word);
    word ^= byte * 0x01010101u;
    memcpy(out + i, &word, sizeof word);
  }
  memset(out + kAuthKeyBytes, byte, kShaBlockBytes - kAuthKeyBytes);
}

// The padding of SHA-1 behind the last `restBytes` bytes of a message: a one bit, zeros, the number of bits. Returns
// the number of blocks.
inline uint32_t fillPadding(size_t restBytes, size_t hashedBytes, uint8_t* tail) {
  const uint32_t blocks = restBytes + 9 <= kShaBlockBytes ? 1 : 2;
  tail[restBytes] = 0x80;
  storeBigEndian(static_cast<uint32_t>(hashedBytes * 8), tail + blocks * kShaBlockBytes - 4);
  return blocks;
}

inline void startInner(const PacketJob& job, MacBlocks* blocks, Sha1Job* hash) {
  const size_t bytes = static_cast<size_t>(job.bytes);
  const size_t whole = bytes / kShaBlockBytes;
  const size_t rest = bytes % kShaBlockBytes;
  fillPad(job.keys->block[kAuthBlock], 0x36, blocks->pad);
  memset(blocks->tail, 0, sizeof blocks->tail);
  memcpy(blocks->tail, job.packet + bytes - rest, rest);
  const uint32_t tailBlocks = fillPadding(rest, kShaBlockBytes + bytes, blocks->tail);
  hash->start(blocks->pad, 1);
  hash->precede(blocks->tail, tailBlocks);
  hash->precede(job.packet, static_cast<uint32_t>(whole));
}

inline void startOuter(const PacketJob& job, MacBlocks* blocks, Sha1Job* hash) {
  fillPad(job.keys->block[kAuthBlock], 0x5c, blocks->pad);
  memset(blocks->tail, 0, kShaBlockBytes);
  storeDigest(*hash, blocks->tail);
  fillPadding(kMaxTagBytes, kShaBlockBytes + kMaxTagBytes, blocks->tail);
  hash->start(blocks->pad, 2);
}

// Fills `digests[i]` for every job i with a tag. `Crypto::hash(Sha1Job** jobs, count)` hashes jobs to their ends.
template <typename Crypto>
void hmacSha1(const PacketJob* jobs, int32_t count, MacScratch* scratch, uint8_t (*digests)[kMaxTagBytes]) {
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
    if (jobs[i].tagBytes > 0) storeDigest(scratch->hashes[i], digests[i]);
  }
}

}  // namespace tun_native
