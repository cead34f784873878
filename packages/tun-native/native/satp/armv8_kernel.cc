// The kernel for ARMv8 processors with the crypto extensions: packets are encrypted one by one with eight blocks in
// flight and hashed four, two or one at a time.
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_armv8.h"

namespace tun_native {

#if defined(__aarch64__)

namespace {

struct Armv8Crypto {
  TUN_ARMV8 static void expandKey(const uint8_t* key, int32_t keyBytes, uint8_t* roundKeys) {
    expandAesKey(key, keyBytes, roundKeys);
  }

  TUN_ARMV8 static void derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].rounds > 0) deriveBlocks(jobs[i]);
    }
  }

  TUN_ARMV8 static void applyCipher(const PacketJob* jobs, int32_t count, uint8_t* roundKeys) {
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = jobs[i];
      if (job.cipherKeyBytes == 0 || job.bodyBytes() == 0) continue;
      uint8_t key[2 * kBlockBytes];
      cipherKey(job, key);
      expandAesKey(key, job.cipherKeyBytes, roundKeys);
      applyCounterMode(job, roundKeys);
    }
  }

  static void hash(Sha1Job** jobs, int32_t count) { hashInterleaved<Sha1Armv8>(jobs, count); }
};

}  // namespace

extern const CipherKernel kArmv8Kernel = makeKernel<Armv8Crypto>("armv8", hasArmAesAndSha);

#endif

}  // namespace tun_native
