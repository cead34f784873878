// The kernel for x86 processors with VAES and AVX-512: four AES blocks per instruction and SHA-1 of up to 32 packets
// side by side. What is left of a batch, and small batches, go through the SHA instructions.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 headers pass uninitialised vectors on purpose, and GCC warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "aes_vaes.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_lanes.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

struct Avx512Crypto {
  TUN_AVX512 static void expandKey(const uint8_t* key, int32_t keyBytes, uint8_t* roundKeys) {
    expandAesKey(key, keyBytes, roundKeys);
  }

  TUN_AVX512 static void derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].rounds > 0) deriveWide(jobs[i]);
    }
  }

  TUN_AVX512 static void applyCipher(const PacketJob* jobs, int32_t count, uint8_t* roundKeys) {
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = jobs[i];
      if (job.cipherKeyBytes == 0 || job.bodyBytes() == 0) continue;
      uint8_t key[2 * kBlockBytes];
      cipherKey(job, key);
      expandAesKey(key, job.cipherKeyBytes, roundKeys);
      applyWideCounterMode(job, roundKeys);
    }
  }

  static void hash(Sha1Job** jobs, int32_t count) { Sha1Lanes::hash(jobs, count); }
};

}  // namespace

extern const CipherKernel kAvx512Kernel = makeKernel<Avx512Crypto>("avx512", hasWideAesAndSha);

#endif

}  // namespace tun_native
