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

  TUN_AVX512 static void clearRegisters() {
    __asm__ volatile(
        "vzeroall;"
        "vpxord %%zmm16, %%zmm16, %%zmm16;vpxord %%zmm17, %%zmm17, %%zmm17;"
        "vpxord %%zmm18, %%zmm18, %%zmm18;vpxord %%zmm19, %%zmm19, %%zmm19;"
        "vpxord %%zmm20, %%zmm20, %%zmm20;vpxord %%zmm21, %%zmm21, %%zmm21;"
        "vpxord %%zmm22, %%zmm22, %%zmm22;vpxord %%zmm23, %%zmm23, %%zmm23;"
        "vpxord %%zmm24, %%zmm24, %%zmm24;vpxord %%zmm25, %%zmm25, %%zmm25;"
        "vpxord %%zmm26, %%zmm26, %%zmm26;vpxord %%zmm27, %%zmm27, %%zmm27;"
        "vpxord %%zmm28, %%zmm28, %%zmm28;vpxord %%zmm29, %%zmm29, %%zmm29;"
        "vpxord %%zmm30, %%zmm30, %%zmm30;vpxord %%zmm31, %%zmm31, %%zmm31;"
        :
        :
        : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
          "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
          "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
  }

  static void hash(Sha1Job** jobs, int32_t count) { Sha1Lanes::hash(jobs, count); }
};

}  // namespace

extern const CipherKernel kAvx512Kernel = makeKernel<Avx512Crypto>("avx512", hasWideAesAndSha);

#endif

}  // namespace tun_native
