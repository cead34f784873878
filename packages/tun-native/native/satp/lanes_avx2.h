// AVX2 for sha1_lanes.h and its parts: as lanes_avx512.h, for processors that have no more than this.
#pragma once

#if defined(__x86_64__)

#include "lane_vectors.h"

#define TUN_AVX2 __attribute__((target("avx2,aes,bmi,bmi2")))
#define TUN_AVX2_INLINE TUN_AVX2 __attribute__((always_inline)) inline
#define TUN_LANES TUN_AVX2
#define TUN_LANES_INLINE TUN_AVX2_INLINE

namespace tun_native {

template <typename Vector>
TUN_AVX2_INLINE Vector choose(Vector b, Vector c, Vector d) {
  return d ^ (b & (c ^ d));
}

template <typename Vector>
TUN_AVX2_INLINE Vector parity(Vector b, Vector c, Vector d) {
  return b ^ c ^ d;
}

template <typename Vector>
TUN_AVX2_INLINE Vector majority(Vector b, Vector c, Vector d) {
  return (b & (c ^ d)) ^ (c & d);
}

template <typename Vector>
TUN_AVX2_INLINE void settle(Vector& value) {
  __asm__("" : "+x"(value));
}

TUN_AVX2_INLINE void settle(uint32_t& value) { __asm__("" : "+r"(value)); }

}  // namespace tun_native

#endif
