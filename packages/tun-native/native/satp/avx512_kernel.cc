// The kernels for x86 processors with VAES and AVX-512: four AES blocks per instruction and HMAC-SHA1 of sixteen packets
// side by side, in one with the cipher, or of thirty-two. What is left of a batch, and small batches, go through the SHA
// instructions, or where those are slow side by side too.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 headers pass uninitialised vectors on purpose, and GCC warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define TUN_AVX512_ALSO ",vaes"
#include "lanes_avx512.h"

#include "aes_vaes.h"
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_lanes.h"
#include "sha1_ni.h"
#include "stitched_lanes.h"

namespace tun_native {

#if defined(__x86_64__)

namespace {

using Widths = EightWidths<3, hashInterleaved<Sha1Ni>>;

const bool kPrefersLanes = prefersLanes();

template <int kGroups>
struct Avx512Crypto : AesNiSteps {
  static constexpr int32_t kLanes = kGroupLanes;
  static constexpr int32_t kMostPackets = kGroups * kGroupLanes;
  // With fewer packets the SHA instructions or eight lanes are faster than sixteen with holes.
  static constexpr int32_t kFewestLanes = 10;

  TUN_AVX512 static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master != nullptr) deriveWide(jobs[i]);
    }
    return true;
  }

  TUN_AVX512 static void applyToBody(const PacketJob& job, const RoundKeys& keys) {
    applyWideCounterMode(job, KeySchedule<>(keys), 0, job.bodyBytes());
  }

  static bool applyCipher(const PacketJob* jobs, int32_t count, AesNiSteps::Scratch* scratch) {
    applyToBodies<applyToBody>(jobs, count, scratch);
    return true;
  }

  static void clearRegisters() { clearAvx512Registers(); }

  static void hmac(const PacketJob* jobs, int32_t count, uint8_t (*digests)[kMaxTagBytes]) {
    if (count > kGroupLanes) hmacLanePair(jobs, digests);
    else hmacLanes(jobs, count, digests);
  }

  static void hash(Sha1Job** jobs, int32_t count) {
    if (kPrefersLanes) return Sha1Lanes<Widths>::hash(jobs, count);
    hashInterleaved<Sha1Ni>(jobs, count);
  }
};

struct StitchedCrypto : Avx512Crypto<1> {
  static constexpr bool kStitches = true;

  struct Scratch : AesNiSteps::Scratch {
    BodyLanes bodies;
  };

  static bool begin(Scratch*) { return true; }
  static void end(Scratch*) {}

  static void wipeScratch(Scratch* scratch, size_t packets) {
    AesNiSteps::wipeScratch(scratch, packets);
    if (packets >= kGroupLanes) wipe(&scratch->bodies, sizeof scratch->bodies);
  }

  static bool canStitch(const PacketJob* jobs, int32_t count) { return tun_native::canStitch(jobs, count); }

  static void encryptAndHash(const PacketJob* jobs, Scratch* scratch, uint8_t (*digests)[kMaxTagBytes]) {
    scratch->bodies.set(jobs, scratch->keys);
    tun_native::encryptAndHash(jobs, scratch->bodies, digests);
  }

  static int32_t hashAndDecrypt(const PacketJob* jobs, Scratch* scratch, uint8_t (*digests)[kMaxTagBytes]) {
    scratch->bodies.set(jobs, scratch->keys);
    return tun_native::hashAndDecrypt(jobs, scratch->bodies, digests);
  }

  TUN_AVX512 static void applyToRange(const PacketJob* jobs, int32_t i, Scratch* scratch, int32_t from, int32_t to) {
    applyToLane(jobs[i], scratch->bodies, i, from, to);
  }
};

}  // namespace

extern const CipherKernel kAvx512Kernel = makeKernel<StitchedCrypto>("avx512", hasWideAesAndSha);
extern const CipherKernel kAvx512PairKernel = makeKernel<Avx512Crypto<2>>("avx512-pair", hasWideAesAndSha);

#endif

}  // namespace tun_native
