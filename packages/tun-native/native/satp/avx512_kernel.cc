// The kernel for x86 processors with VAES and AVX-512: four AES blocks per instruction and HMAC-SHA1 of sixteen packets
// side by side, or of twice as many. What is left of a batch, and small batches, go through the SHA instructions, or where those are slow side by
// side too.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 headers pass uninitialised vectors on purpose, and GCC warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "lanes_avx512.h"

#include "aes_vaes.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "hmac_lanes.h"
#include "sha1_lanes.h"
#include "sha1_ni.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

using Widths = EightWidths<3, hashInterleaved<Sha1Ni>>;

const bool kPrefersLanes = prefersLanes();

struct Avx512Crypto : AesNiSteps {
  static constexpr int32_t kLanes = kGroupLanes;
  // With fewer packets the SHA instructions or eight lanes are faster than sixteen with holes.
  static constexpr int32_t kFewestLanes = 10;

  static int32_t mostPackets() { return kMostPackets; }

  TUN_VAES512 static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master != nullptr) deriveWide(jobs[i]);
    }
    return true;
  }

  TUN_VAES512 static void applyToBody(const PacketJob& job, const RoundKeys& keys) { applyWideCounterMode(job, keys); }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  static void clearRegisters() { clearAvx512Registers(); }

  static void hmac(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) { hmacGroups(jobs, count, digests); }

  static void hash(Sha1Job** jobs, int32_t count) {
    if (kPrefersLanes) return Sha1Lanes<Widths>::hash(jobs, count);
    hashInterleaved<Sha1Ni>(jobs, count);
  }
};

}  // namespace

extern const CipherKernel kAvx512Kernel = makeKernel<Avx512Crypto>("avx512", hasWideAesAndSha);

#endif

}  // namespace tun_native
