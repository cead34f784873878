// One message on its way through SHA-1: chaining value and the pieces of memory that are still to be hashed. Pieces are
// whole blocks; whoever makes the job has done the padding.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tun_native {

constexpr size_t kShaBlockBytes = 64;
constexpr int kShaStateWords = 5;
constexpr uint32_t kShaInitial[kShaStateWords] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

struct Sha1Piece {
  const uint8_t* data;
  uint32_t blocks;
};

struct Sha1Job {
  uint32_t state[kShaStateWords];
  uint32_t blocks;  // left of the piece that is being hashed; 0: the job is done
  const uint8_t* data;
  uint32_t waiting;  // how many of `later` are still to come, the last one first
  Sha1Piece later[2];

  void start(const uint8_t* first, uint32_t firstBlocks) {
    for (int i = 0; i < kShaStateWords; i++) state[i] = kShaInitial[i];
    data = first;
    blocks = firstBlocks;
    waiting = 0;
  }

  // Pieces behind the first, in reverse order. Empty ones are left out.
  void precede(const uint8_t* piece, uint32_t pieceBlocks) {
    if (pieceBlocks > 0) later[waiting++] = {piece, pieceBlocks};
  }

  // Blocks to the end of the message.
  uint32_t left() const {
    uint32_t sum = blocks;
    for (uint32_t i = 0; i < waiting; i++) sum += later[i].blocks;
    return sum;
  }

  // Returns whether anything is left.
  bool advance(uint32_t hashed) {
    data += hashed * kShaBlockBytes;
    blocks -= hashed;
    if (blocks > 0) return true;
    if (waiting == 0) return false;
    const Sha1Piece& next = later[--waiting];
    data = next.data;
    blocks = next.blocks;
    return true;
  }
};

// Hashes all jobs with `Sha1::compress<N>(jobs, blocks)`, which takes N jobs through as many blocks at a time: four
// wherever possible, because one message alone leaves the unit waiting for itself. `jobs` is used up.
template <typename Sha1>
void hashInterleaved(Sha1Job** jobs, int32_t count) {
  Sha1Job* active[4];
  int32_t width = 0;
  for (int32_t next = 0;;) {
    while (width < 4 && next < count) active[width++] = jobs[next++];
    if (width == 0) return;
    const int32_t together = width == 4 ? 4 : width >= 2 ? 2 : 1;
    uint32_t blocks = active[0]->blocks;
    for (int32_t i = 1; i < together; i++) {
      if (active[i]->blocks < blocks) blocks = active[i]->blocks;
    }
    if (together == 4) {
      Sha1::template compress<4>(active, blocks);
    } else if (together == 2) {
      Sha1::template compress<2>(active, blocks);
    } else {
      Sha1::template compress<1>(active, blocks);
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < width; i++) {
      if (i >= together || active[i]->advance(blocks)) active[kept++] = active[i];
    }
    width = kept;
  }
}

}  // namespace tun_native
