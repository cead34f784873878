// The kernel for x86 processors with AES-NI and SHA-NI: packets are encrypted one by one with eight blocks in flight
// and hashed four, two or one at a time.
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_ni.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

struct AesNiCrypto : AesNiSteps {
  TUN_AESNI static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master == nullptr) continue;
      deriveBlocks<kCommonBlocks>(jobs[i], 0);
      if (jobs[i].cipherKeyBytes > kBlockBytes) deriveBlocks<1>(jobs[i], kSecondKeyBlock);
    }
    return true;
  }

  TUN_AESNI static void applyToBody(const PacketJob& job, const RoundKeys& keys) { applyCounterMode(job, keys); }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  static void clearRegisters() {
    __asm__ volatile(
        "pxor %%xmm0, %%xmm0;pxor %%xmm1, %%xmm1;pxor %%xmm2, %%xmm2;pxor %%xmm3, %%xmm3;"
        "pxor %%xmm4, %%xmm4;pxor %%xmm5, %%xmm5;pxor %%xmm6, %%xmm6;pxor %%xmm7, %%xmm7;"
        "pxor %%xmm8, %%xmm8;pxor %%xmm9, %%xmm9;pxor %%xmm10, %%xmm10;pxor %%xmm11, %%xmm11;"
        "pxor %%xmm12, %%xmm12;pxor %%xmm13, %%xmm13;pxor %%xmm14, %%xmm14;pxor %%xmm15, %%xmm15;"
        :
        :
        : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  }

  static void hash(Sha1Job** jobs, int32_t count) { hashInterleaved<Sha1Ni>(jobs, count); }
};

}  // namespace

extern const CipherKernel kAesNiKernel = makeKernel<AesNiCrypto>("aesni", hasAesAndSha);

#endif

}  // namespace tun_native
