// The frame of the kernels: cuts a batch into groups and takes all packets of a group through one step before the next,
// so that each step has many packets to work on at once. `Crypto` provides types and steps:
//
//   Master                                                         a master key, ready for the derivation
//   static bool setMaster(const uint8_t* key, int32_t bytes, Master*);
//   static void clearMaster(Master*);
//   Scratch                                                        whatever the steps need; zero at first
//   static bool begin(Scratch*);
//   static void end(Scratch*);                                     also after a failed begin
//   static void wipeScratch(Scratch*, size_t packets);             of what the session keys of so many packets left
//   kStackBytes                                                    at least what the steps but hmac() use of the stack
//   static bool derive(const PacketJob* jobs, int32_t count);      skips jobs without a master key
//   static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch*);
//   static void hash(Sha1Job** jobs, int32_t count);               to the end of all messages
//   kLanes                                                         0: there is nothing but hash(); else groups are packets
//                                                                  of about the same length, as many as there are lanes
//                                                                  or a multiple of it, or what is left
//   kMostPackets                                                   in such a group
//   kFewestLanes                                                   from so many packets on a group goes through hmac()
//   static void hmac(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]);
//   kStitches                                                      whether cipher and hash can be one step:
//   static bool canStitch(const PacketJob* jobs, int32_t count);
//   static void encryptAndHash(const PacketJob* jobs, Scratch*, uint8_t (*digests)[kMaxTagBytes]);
//   static int32_t hashAndDecrypt(same)                            returns how much of each body is decrypted; the rest, or
//                                                                  that much once more for what turns out to be forged:
//   static void applyToRange(const PacketJob* jobs, int32_t i, Scratch*, int32_t from, int32_t to);
//   static void clearRegisters();                                  of vectors, which held keys
//
// Steps return false when a crypto library fails.
#pragma once

#include <stdlib.h>
#include <sys/mman.h>

#include "hmac_sha1.h"
#include "row_order.h"
#include "secret_bytes.h"

namespace tun_native {

// At least what any step uses of the stack (8.3 KB with GCC 12).
constexpr size_t kLaneStackBytes = 12288;

template <typename Crypto>
class BatchKernel {
 public:
  // Pages of their own: no part of a core dump, and the heap is not torn by large aligned pieces that come and go.
  static void* create() {
    void* pages = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return nullptr;
    madvise(pages, sizeof(State), MADV_DONTDUMP);
    State* state = static_cast<State*>(pages);
    if (Crypto::begin(&state->scratch)) return state;
    destroy(state);
    return nullptr;
  }

  static void destroy(void* data) {
    Crypto::end(&static_cast<State*>(data)->scratch);
    munmap(data, sizeof(State));
  }

  static bool prepare(void* state, CipherContext& context) {
    context.prepared = nullptr;
    if (context.masterKeyBytes == 0) return true;
    Prepared* keys = static_cast<Prepared*>(aligned_alloc(alignof(Prepared), sizeof(Prepared)));
    if (keys == nullptr) return false;
    const bool isSet = Crypto::setMaster(context.masterKey, context.masterKeyBytes, &keys->master);
    derivationInputs(context.seal, &keys->seal);
    derivationInputs(context.open, &keys->open);
    context.prepared = keys;
    if (!isSet) forget(state, context);
    wipeStack<Crypto::kStackBytes>();
    Crypto::clearRegisters();
    return isSet;
  }

  static void forget(void*, CipherContext& context) {
    Prepared* keys = static_cast<Prepared*>(context.prepared);
    if (keys == nullptr) return;
    Crypto::clearMaster(&keys->master);
    wipe(keys, sizeof(Prepared));
    free(keys);
    context.prepared = nullptr;
  }

  static bool sealBatch(void* state, const CipherBatch& batch) {
    return eachGroup(state, batch, &sealGroup);
  }

  static bool openBatch(void* state, const CipherBatch& batch) {
    return eachGroup(state, batch, &openGroup);
  }

 private:
  // CipherContext::prepared.
  struct Prepared {
    typename Crypto::Master master;
    // Inputs of the derivation for sequence number 0.
    DerivedBlocks seal;
    DerivedBlocks open;
  };

  // Scratch memory of one cipher object. Everything in it that depends on keys is zero between two batches.
  struct State {
    DerivedBlocks keys[kChunkPackets];
    uint8_t digests[kChunkPackets][kMaxTagBytes];
    MacScratch mac;
    typename Crypto::Scratch scratch;
    PacketJob jobs[kChunkPackets];
    int32_t hashed;  // how much of `mac` may depend on keys

    // Tag of job i after authenticate(): the last bytes of the digest (spec 6).
    const uint8_t* tag(int32_t i) const { return digests[i] + kMaxTagBytes - jobs[i].tagBytes; }
  };

  static bool eachGroup(void* data, const CipherBatch& batch, bool (*work)(State*, const CipherBatch&, int32_t* const*, int32_t)) {
    State* state = static_cast<State*>(data);
    bool isDone = true;
    for (int32_t done = 0; isDone && done < batch.count; done += kChunkPackets) {
      const int32_t left = batch.count - done;
      const int32_t count = left < kChunkPackets ? left : kChunkPackets;
      int32_t* rows[kChunkPackets];
      for (int32_t i = 0; i < count; i++) rows[i] = batch.rows.row(batch.first + done + i);
      if (Crypto::kLanes > 0) longestFirst(rows, count);
      for (int32_t first = 0; isDone && first < count;) {
        const int32_t group = groupSize(rows + first, count - first);
        isDone = work(state, batch, rows + first, group);
        first += group;
      }
    }
    const size_t used = static_cast<size_t>(batch.count < kChunkPackets ? batch.count : kChunkPackets);
    wipe(state->keys, used * sizeof(DerivedBlocks));
    wipe(state->digests, used * kMaxTagBytes);
    if (state->hashed > 0) {
      wipe(state->mac.blocks, static_cast<size_t>(state->hashed) * sizeof(MacBlocks));
      wipe(state->mac.hashes, static_cast<size_t>(state->hashed) * sizeof(Sha1Job));
      state->hashed = 0;
    }
    Crypto::wipeScratch(&state->scratch, used);
    if (usesLanes(batch.count)) wipeStack<kLaneStackBytes>();
    else wipeStack<Crypto::kStackBytes>();
    Crypto::clearRegisters();
    return isDone;
  }

  static int32_t groupSize(int32_t* const* rows, int32_t count) {
    if constexpr (Crypto::kLanes > 0) {
      const int32_t group = alike(rows, count, Crypto::kMostPackets);
      return group > Crypto::kLanes ? group - group % Crypto::kLanes : group;
    }
    return count;
  }

  static bool usesLanes(int32_t count) {
    if constexpr (Crypto::kLanes > 0) return count >= Crypto::kFewestLanes;
    return false;
  }

  static bool hasTags(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].tagBytes > 0) return true;
    }
    return false;
  }

  // Fills the digests of all jobs with a tag.
  static void authenticate(State* state, int32_t count) {
    if (!hasTags(state->jobs, count)) return;
    if constexpr (Crypto::kLanes > 0) {
      if (usesLanes(count)) return Crypto::hmac(state->jobs, count, state->digests);
    }
    if (count > state->hashed) state->hashed = count;
    hmacSha1<Crypto>(state->jobs, count, &state->mac, state->digests);
  }

  static bool encryptAndHash(State* state, int32_t count) {
    if constexpr (Crypto::kStitches) {
      if (Crypto::canStitch(state->jobs, count)) {
        Crypto::encryptAndHash(state->jobs, &state->scratch, state->digests);
        return true;
      }
    }
    if (!Crypto::applyCipher(state->jobs, count, &state->scratch)) return false;
    authenticate(state, count);
    return true;
  }

  static bool sealGroup(State* state, const CipherBatch& batch, int32_t* const* rows, int32_t count) {
    makeJobs(state, batch, rows, count, true);
    if (!Crypto::derive(state->jobs, count)) return false;
    if (!encryptAndHash(state, count)) return false;
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = state->jobs[i];
      memcpy(job.packet + job.bytes, state->tag(i), static_cast<size_t>(job.tagBytes));
      job.row[kLength] = job.bytes + job.tagBytes;
    }
    return true;
  }

  static bool openGroup(State* state, const CipherBatch& batch, int32_t* const* rows, int32_t count) {
    makeJobs(state, batch, rows, count, false);
    if (!Crypto::derive(state->jobs, count)) return false;
    if constexpr (Crypto::kStitches) {
      if (Crypto::canStitch(state->jobs, count)) {
        openStitched(state, count);
        return true;
      }
    }
    authenticate(state, count);
    for (int32_t i = 0; i < count; i++) {
      if (!mark(state, i)) state->jobs[i].cipherKeyBytes = 0;  // the bytes stay as they came
    }
    return Crypto::applyCipher(state->jobs, count, &state->scratch);
  }

  static void openStitched(State* state, int32_t count) {
    const int32_t done = Crypto::hashAndDecrypt(state->jobs, &state->scratch, state->digests);
    for (int32_t i = 0; i < count; i++) {
      const bool isGenuine = mark(state, i);
      // Counter mode twice: the bytes are again as they came.
      const int32_t from = isGenuine ? done : 0;
      const int32_t to = isGenuine ? state->jobs[i].bodyBytes() : done;
      Crypto::applyToRange(state->jobs, i, &state->scratch, from, to);
    }
  }

  // Says in the row of job i whether its tag is right.
  static bool mark(const State* state, int32_t i) {
    const PacketJob& job = state->jobs[i];
    const bool isGenuine = equalInConstantTime(state->tag(i), job.packet + job.bytes, job.tagBytes);
    if (isGenuine) job.row[kLength] = job.bytes;
    job.row[kFlags] = isGenuine ? kPacketOk : kPacketBadTag;
    return isGenuine;
  }

  static void makeJobs(State* state, const CipherBatch& batch, int32_t* const* rows, int32_t count, bool sealing) {
    for (int32_t i = 0; i < count; i++) {
      int32_t* row = rows[i];
      const CipherContext& context = batch.contextOf(row);
      const Prepared* keys = static_cast<const Prepared*>(context.prepared);
      PacketJob& job = state->jobs[i];
      job.packet = batch.rows.packet(row);
      job.row = row;
      job.bytes = sealing ? row[kLength] : row[kLength] - context.tagBytes;
      job.cipherKeyBytes = context.cipherKeyBytes;
      job.tagBytes = context.tagBytes;
      job.keys = &state->keys[i];
      job.master = keys == nullptr ? nullptr : &keys->master;
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
