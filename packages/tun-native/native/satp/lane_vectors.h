// Vectors of 32-bit lanes, one message in each. Operators work on all lanes; which instructions they become is up to the
// function in which they stand.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

namespace tun_native {

// May alias: they are loaded from arrays of words.
typedef uint32_t Lanes4 __attribute__((vector_size(16), may_alias));
typedef uint32_t Lanes8 __attribute__((vector_size(32), may_alias));
typedef uint32_t Lanes16 __attribute__((vector_size(64), may_alias));

template <typename Vector>
constexpr int kLanesOf = sizeof(Vector) / sizeof(uint32_t);

}  // namespace tun_native

#endif
