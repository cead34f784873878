// The kernel for x86 processors with AVX-512 that have neither VAES nor the SHA instructions (Intel's servers before Ice
// Lake): packets are encrypted as by the kernel for AES-NI and hashed in as many lanes as there are packets.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 headers pass uninitialised vectors on purpose, and GCC warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "lanes_avx512.h"

#include "aes_ni.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "hmac_lanes.h"
#include "sha1_few.h"
#include "sha1_lanes.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

using Widths = EightWidths<3, hashFew<Lanes16>>;

struct Avx512AesNiCrypto : AesNiSteps {
  // The schedule of sixteen blocks.
  static constexpr size_t kStackBytes = 8192;
  static constexpr int32_t kLanes = kGroupLanes;
  static constexpr int32_t kMostPackets = kGroupLanes;
  static constexpr int32_t kFewestLanes = Widths::kSlots + 1;

  TUN_AVX512 static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master == nullptr) continue;
      deriveBlocks<kCommonBlocks>(jobs[i], 0);
      if (jobs[i].cipherKeyBytes > kBlockBytes) deriveBlocks<1>(jobs[i], kSecondKeyBlock);
    }
    return true;
  }

  TUN_AVX512 static void applyToBody(const PacketJob& job, const RoundKeys& keys) { applyCounterMode(job, keys); }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  static void clearRegisters() { clearAvx512Registers(); }

  static void hmac(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) { hmacLanes(jobs, count, digests); }

  static void hash(Sha1Job** jobs, int32_t count) { Sha1Lanes<Widths>::hash(jobs, count); }
};

}  // namespace

extern const CipherKernel kAvx512AesNiKernel = makeKernel<Avx512AesNiCrypto>("avx512-aesni", hasAesAndAvx512);

#endif

}  // namespace tun_native
