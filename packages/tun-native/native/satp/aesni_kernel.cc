// The kernel for x86 processors with AES-NI and SHA-NI: packets are encrypted one by one with eight blocks in flight
// and hashed four, two or one at a time.
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_ni.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

struct AesNiCrypto {
  TUN_AESNI static void expandKey(const uint8_t* key, int32_t keyBytes, uint8_t* roundKeys) {
    expandAesKey(key, keyBytes, roundKeys);
  }

  TUN_AESNI static void derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].rounds > 0) deriveBlocks(jobs[i]);
    }
  }

  TUN_AESNI static void applyCipher(const PacketJob* jobs, int32_t count, uint8_t* roundKeys) {
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = jobs[i];
      if (job.cipherKeyBytes == 0 || job.bodyBytes() == 0) continue;
      uint8_t key[2 * kBlockBytes];
      cipherKey(job, key);
      expandAesKey(key, job.cipherKeyBytes, roundKeys);
      applyCounterMode(job, roundKeys);
    }
  }

  static void hash(Sha1Job** jobs, int32_t count) { hashInterleaved<Sha1Ni>(jobs, count); }
};

}  // namespace

extern const CipherKernel kAesNiKernel = makeKernel<AesNiCrypto>("aesni", hasAesAndSha);

#endif

}  // namespace tun_native
