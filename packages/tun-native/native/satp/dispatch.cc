// Which kernels there are on this architecture. All of them are in the same binary: functions carry the instruction
// sets that they need as attributes, and usable() asks the processor before one is called.
#include <pthread.h>
#include <string.h>

#include "fastest_kernel.h"

namespace tun_native {
namespace {

const CipherKernel* kernels[] = {
#if defined(__x86_64__)
    &kAvx512Kernel,
    &kAvx512PairKernel,
    &kVaesKernel,
    &kAvx512AesNiKernel,
    &kAesNiKernel,
    &kAvx2AesNiKernel,
#elif defined(__aarch64__)
    &kArmv8Kernel,
#endif
    &kEvpKernel,
    nullptr,
};

// The first two need the same of a processor, and some are faster with the one, some with the other.
void sortKernels() {
#if defined(__x86_64__)
  if (kernels[0]->usable() && &fasterKernel(*kernels[0], *kernels[1]) == kernels[1]) {
    const CipherKernel* first = kernels[0];
    kernels[0] = kernels[1];
    kernels[1] = first;
  }
#endif
}

}  // namespace

const CipherKernel* const* bestKernels() {
  static pthread_once_t sorted = PTHREAD_ONCE_INIT;
  pthread_once(&sorted, sortKernels);
  return kernels;
}

const CipherKernel* findKernel(const char* name) {
  for (const CipherKernel* const* kernel = bestKernels(); *kernel != nullptr; kernel++) {
    if (strcmp((*kernel)->name, name) == 0) return (*kernel)->usable() ? *kernel : nullptr;
  }
  return nullptr;
}

}  // namespace tun_native
