// Which kernels there are on this architecture. All of them are in the same binary: functions carry the instruction
// sets that they need as attributes, and usable() asks the processor before one is called.
#include <string.h>

#include "kernel.h"

namespace tun_native {

const CipherKernel* const kKernels[] = {
#if defined(__x86_64__)
    &kAvx512Kernel,
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

const CipherKernel* findKernel(const char* name) {
  for (const CipherKernel* const* kernel = kKernels; *kernel != nullptr; kernel++) {
    if (strcmp((*kernel)->name, name) == 0) return (*kernel)->usable() ? *kernel : nullptr;
  }
  return nullptr;
}

}  // namespace tun_native
