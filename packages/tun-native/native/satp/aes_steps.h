// What the kernels on instruction set extensions have in common: expanded keys as master and scratch, and session keys
// expanded four at a time, because the steps of one expansion wait for one another.
#pragma once

#include "packet_job.h"
#include "secret_bytes.h"

namespace tun_native {

constexpr size_t kKeysAtOnce = 4;

struct AesSteps {
  using Master = RoundKeys;

  struct Scratch {
    RoundKeys keys[kKeysAtOnce];
  };

  static constexpr size_t kStackBytes = 2048;
  static constexpr int32_t kLanes = 0;
  static constexpr bool kStitches = false;

  static bool begin(Scratch*) { return true; }
  static void end(Scratch*) {}
  static void clearMaster(Master*) {}
  static void wipeScratch(Scratch* scratch, size_t packets) {
    wipe(scratch->keys, (packets < kKeysAtOnce ? packets : kKeysAtOnce) * sizeof(RoundKeys));
  }
};

// Up to four jobs from `*next` on whose cipher keys have the same size, without those that have nothing to encrypt.
// Fills `group` and their keys; returns how many there are, 0 at the end.
inline size_t gatherKeys(const PacketJob* jobs, int32_t count, int32_t* next, const PacketJob** group, uint8_t (*keys)[2 * kBlockBytes]) {
  size_t gathered = 0;
  for (; *next < count && gathered < kKeysAtOnce; (*next)++) {
    const PacketJob& job = jobs[*next];
    if (job.cipherKeyBytes == 0 || job.bodyBytes() == 0) continue;
    if (gathered > 0 && job.cipherKeyBytes != group[0]->cipherKeyBytes) break;
    cipherKey(job, keys[gathered]);
    group[gathered++] = &job;
  }
  return gathered;
}

}  // namespace tun_native
