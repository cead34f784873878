// The frame of the kernels on instruction set extensions: cuts a batch into chunks and takes all packets of a chunk
// through one step before the next, so that each step has many packets to work on at once. `Crypto` provides the
// steps:
//
//   static void expandKey(const uint8_t* key, int32_t keyBytes, uint8_t* roundKeys);
//   static void derive(const PacketJob* jobs, int32_t count);                            skips jobs without rounds
//   static void applyCipher(const PacketJob* jobs, int32_t count, uint8_t* roundKeys);   room for one expanded key
//   static void hash(Sha1Job** jobs, int32_t count);                                     to the end of all messages
//   static void clearRegisters();                                                        of vectors, which held keys
#pragma once

#include <stdlib.h>
#include <sys/mman.h>

#include "hmac_sha1.h"
#include "secret_bytes.h"

namespace tun_native {

template <typename Crypto>
class BatchKernel {
 public:
  // Pages of their own: no part of a core dump, and the heap is not torn by large aligned pieces that come and go.
  static void* create() {
    void* pages = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return nullptr;
    madvise(pages, sizeof(State), MADV_DONTDUMP);
    return pages;
  }

  static void destroy(void* state) { munmap(state, sizeof(State)); }

  static bool prepare(void*, CipherContext& context) {
    context.prepared = nullptr;
    if (context.masterKeyBytes == 0) return true;
    PreparedKeys* keys = static_cast<PreparedKeys*>(aligned_alloc(alignof(PreparedKeys), sizeof(PreparedKeys)));
    if (keys == nullptr) return false;
    keys->rounds = roundsFor(context.masterKeyBytes);
    Crypto::expandKey(context.masterKey, context.masterKeyBytes, keys->roundKeys);
    derivationInputs(context.seal, &keys->seal);
    derivationInputs(context.open, &keys->open);
    context.prepared = keys;
    wipeStack();
    Crypto::clearRegisters();
    return true;
  }

  static void forget(void*, CipherContext& context) {
    if (context.prepared == nullptr) return;
    wipe(context.prepared, sizeof(PreparedKeys));
    free(context.prepared);
    context.prepared = nullptr;
  }

  static bool sealBatch(void* state, const CipherBatch& batch) {
    return eachChunk(state, batch, &sealChunk);
  }

  static bool openBatch(void* state, const CipherBatch& batch) {
    return eachChunk(state, batch, &openChunk);
  }

 private:
  // Scratch memory of one cipher object. Everything in it that depends on keys is zero between two batches.
  struct State {
    DerivedBlocks keys[kChunkPackets];
    MacScratch mac;
    alignas(64) uint8_t roundKeys[kMaxRoundKeys * kBlockBytes];
    PacketJob jobs[kChunkPackets];

    // Tag of job i after hmacSha1(): the last bytes of the digest (spec 6).
    const uint8_t* tag(int32_t i) const { return mac.blocks[i].digest + kMaxTagBytes - jobs[i].tagBytes; }
  };

  static bool eachChunk(void* data, const CipherBatch& batch, void (*work)(State*, const CipherBatch&)) {
    State* state = static_cast<State*>(data);
    for (int32_t done = 0; done < batch.count; done += kChunkPackets) {
      const int32_t left = batch.count - done;
      work(state, {batch.rows, batch.first + done, left < kChunkPackets ? left : kChunkPackets, batch.contexts});
    }
    const size_t used = static_cast<size_t>(batch.count < kChunkPackets ? batch.count : kChunkPackets);
    wipe(state->keys, used * sizeof(DerivedBlocks));
    wipe(state->mac.blocks, used * sizeof(MacBlocks));
    wipe(state->mac.hashes, used * sizeof(Sha1Job));
    wipe(state->roundKeys, sizeof state->roundKeys);
    wipeStack();
    Crypto::clearRegisters();
    return true;
  }

  static void sealChunk(State* state, const CipherBatch& batch) {
    makeJobs(state, batch, true);
    Crypto::derive(state->jobs, batch.count);
    Crypto::applyCipher(state->jobs, batch.count, state->roundKeys);
    hmacSha1<Crypto>(state->jobs, batch.count, &state->mac);
    for (int32_t i = 0; i < batch.count; i++) {
      const PacketJob& job = state->jobs[i];
      memcpy(job.packet + job.bytes, state->tag(i), static_cast<size_t>(job.tagBytes));
      job.row[kLength] = job.bytes + job.tagBytes;
    }
  }

  static void openChunk(State* state, const CipherBatch& batch) {
    makeJobs(state, batch, false);
    Crypto::derive(state->jobs, batch.count);
    hmacSha1<Crypto>(state->jobs, batch.count, &state->mac);
    for (int32_t i = 0; i < batch.count; i++) {
      PacketJob& job = state->jobs[i];
      if (equalInConstantTime(state->tag(i), job.packet + job.bytes, job.tagBytes)) {
        job.row[kLength] = job.bytes;
        job.row[kFlags] = kPacketOk;
      } else {
        job.row[kFlags] = kPacketBadTag;
        job.cipherKeyBytes = 0;  // the bytes stay as they came
      }
    }
    Crypto::applyCipher(state->jobs, batch.count, state->roundKeys);
  }

  static void makeJobs(State* state, const CipherBatch& batch, bool sealing) {
    for (int32_t i = 0; i < batch.count; i++) {
      int32_t* row = batch.rows.row(batch.first + i);
      const CipherContext& context = batch.contextOf(row);
      const PreparedKeys* keys = static_cast<const PreparedKeys*>(context.prepared);
      PacketJob& job = state->jobs[i];
      job.packet = batch.rows.packet(row);
      job.row = row;
      job.bytes = sealing ? row[kLength] : row[kLength] - context.tagBytes;
      job.cipherKeyBytes = context.cipherKeyBytes;
      job.tagBytes = context.tagBytes;
      job.keys = &state->keys[i];
      job.rounds = keys == nullptr ? 0 : keys->rounds;
      job.roundKeys = keys == nullptr ? nullptr : keys->roundKeys;
      job.inputs = keys == nullptr ? nullptr : sealing ? &keys->seal : &keys->open;
      if (keys == nullptr) memset(job.keys, 0, sizeof(DerivedBlocks));
    }
  }
};

template <typename Crypto>
constexpr CipherKernel makeKernel(const char* name, bool (*usable)()) {
  using Kernel = BatchKernel<Crypto>;
  return {name,           usable,           Kernel::create,    Kernel::destroy,
          Kernel::prepare, Kernel::forget, Kernel::sealBatch, Kernel::openBatch};
}

}  // namespace tun_native
