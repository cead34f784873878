// The kernel for x86 processors with VAES but without AVX-512: as that for AES-NI, with two AES blocks per instruction,
// and where the SHA instructions are slow with eight packets side by side.
#include "lanes_avx2.h"

#include "aes_ymm.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_lanes.h"
#include "sha1_ni.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

using Widths = EightWidths<5, hashInterleaved<Sha1Ni>>;

const bool kPrefersLanes = prefersLanes();

struct VaesCrypto : AesNiSteps {
  TUN_VAES static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master != nullptr) derivePairs(jobs[i]);
    }
    return true;
  }

  TUN_VAES static void applyToBody(const PacketJob& job, const RoundKeys& keys) { applyPairCounterMode(job, keys); }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  TUN_VAES static void clearRegisters() {
    __asm__ volatile("vzeroall"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  }

  static void hash(Sha1Job** jobs, int32_t count) {
    if (kPrefersLanes) return Sha1Lanes<Widths>::hash(jobs, count);
    hashInterleaved<Sha1Ni>(jobs, count);
  }
};

}  // namespace

extern const CipherKernel kVaesKernel = makeKernel<VaesCrypto>("vaes", hasPairedAesAndSha);

#endif

}  // namespace tun_native
