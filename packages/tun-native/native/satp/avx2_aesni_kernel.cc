// The kernel for x86 processors with AVX2 that have neither VAES nor the SHA instructions (Intel's since 2013, for eight
// years): packets are encrypted as by the kernel for AES-NI and hashed in as many lanes as there are packets.
#include "lanes_avx2.h"

#include "aes_ni.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_lanes.h"
#include "sha1_few.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

using Widths = EightWidths<3, hashFew<Lanes8>>;

struct Avx2AesNiCrypto : AesNiSteps {
  // The schedule of eight blocks.
  static constexpr size_t kStackBytes = 5120;

  TUN_AVX2 static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master == nullptr) continue;
      deriveBlocks<kCommonBlocks>(jobs[i], 0);
      if (jobs[i].cipherKeyBytes > kBlockBytes) deriveBlocks<1>(jobs[i], kSecondKeyBlock);
    }
    return true;
  }

  TUN_AVX2 static void applyToBody(const PacketJob& job, const RoundKeys& keys) { applyCounterMode(job, keys); }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  TUN_AVX2 static void clearRegisters() {
    __asm__ volatile("vzeroall"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  }

  static void hash(Sha1Job** jobs, int32_t count) { Sha1Lanes<Widths>::hash(jobs, count); }
};

}  // namespace

extern const CipherKernel kAvx2AesNiKernel = makeKernel<Avx2AesNiCrypto>("avx2-aesni", hasAesAndAvx2);

#endif

}  // namespace tun_native
