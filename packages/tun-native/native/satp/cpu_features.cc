#include "cpu_features.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace tun_native {

#if defined(__x86_64__)

namespace {

// CPUID bits, by leaf and register.
constexpr uint32_t kLeaf1EcxSsse3 = 1u << 9;
constexpr uint32_t kLeaf1EcxSse41 = 1u << 19;
constexpr uint32_t kLeaf1EcxAes = 1u << 25;
constexpr uint32_t kLeaf1EcxOsxsave = 1u << 27;
constexpr uint32_t kLeaf7EbxBmi1 = 1u << 3;
constexpr uint32_t kLeaf7EbxAvx2 = 1u << 5;
constexpr uint32_t kLeaf7EbxBmi2 = 1u << 8;
constexpr uint32_t kLeaf7EbxAvx512F = 1u << 16;
constexpr uint32_t kLeaf7EbxSha = 1u << 29;
constexpr uint32_t kLeaf7EbxAvx512Bw = 1u << 30;
constexpr uint32_t kLeaf7EbxAvx512Vl = 1u << 31;
constexpr uint32_t kLeaf7EcxVaes = 1u << 9;

// XCR0: SSE, AVX; and with mask registers, upper halves of zmm0-15, zmm16-31.
constexpr uint32_t kXcr0Avx = 0x06;
constexpr uint32_t kXcr0Avx512 = 0xe6;

struct Cpuid {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;

  explicit Cpuid(uint32_t leaf) { __get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx); }
};

bool has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

// A processor may have registers that the kernel does not save on a task switch: those must not be touched.
bool registersAreSaved(uint32_t bits) {
  if (!has(Cpuid(1).ecx, kLeaf1EcxOsxsave)) return false;
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return has(low, bits);
}

bool hasAes() { return has(Cpuid(1).ecx, kLeaf1EcxAes | kLeaf1EcxSsse3 | kLeaf1EcxSse41); }

bool hasAvx512() {
  constexpr uint32_t leaf7Ebx = kLeaf7EbxBmi1 | kLeaf7EbxBmi2 | kLeaf7EbxAvx2 | kLeaf7EbxAvx512F | kLeaf7EbxAvx512Bw | kLeaf7EbxAvx512Vl;
  return has(Cpuid(7).ebx, leaf7Ebx) && registersAreSaved(kXcr0Avx512);
}

}  // namespace

bool hasAesAndSha() { return hasAes() && has(Cpuid(7).ebx, kLeaf7EbxSha); }

bool hasPairedAesAndSha() {
  const Cpuid leaf7(7);
  constexpr uint32_t ebx = kLeaf7EbxBmi1 | kLeaf7EbxBmi2 | kLeaf7EbxAvx2;
  return hasAesAndSha() && has(leaf7.ebx, ebx) && has(leaf7.ecx, kLeaf7EcxVaes) && registersAreSaved(kXcr0Avx);
}

bool hasWideAesAndSha() { return hasAesAndSha() && has(Cpuid(7).ecx, kLeaf7EcxVaes) && hasAvx512(); }

bool hasAesAndAvx2() {
  return hasAes() && has(Cpuid(7).ebx, kLeaf7EbxBmi1 | kLeaf7EbxBmi2 | kLeaf7EbxAvx2) && registersAreSaved(kXcr0Avx);
}

bool hasAesAndAvx512() { return hasAes() && hasAvx512(); }

bool prefersLanes() { return Cpuid(0).ebx == signature_INTEL_ebx; }

bool hasArmAesAndSha() { return false; }

#elif defined(__aarch64__)

bool hasAesAndSha() { return false; }

bool hasPairedAesAndSha() { return false; }

bool hasWideAesAndSha() { return false; }

bool hasAesAndAvx512() { return false; }

bool hasAesAndAvx2() { return false; }

bool prefersLanes() { return false; }

bool hasArmAesAndSha() {
  // HWCAP_AES and HWCAP_SHA1 of the kernel's interface for arm64.
  constexpr unsigned long wanted = (1ul << 3) | (1ul << 5);
  return (getauxval(AT_HWCAP) & wanted) == wanted;
}

#else

bool hasAesAndSha() { return false; }
bool hasPairedAesAndSha() { return false; }
bool hasWideAesAndSha() { return false; }
bool hasAesAndAvx512() { return false; }
bool hasAesAndAvx2() { return false; }
bool prefersLanes() { return false; }
bool hasArmAesAndSha() { return false; }

#endif

}  // namespace tun_native
