// The seam between the cipher object and the ways to compute: a kernel seals and opens whole batches. The glue in
// satp_cipher.cc has checked every row (bounds, context, room for the tag) before a kernel sees it.
#pragma once

#include "../packet_batch.h"

namespace tun_native {

constexpr int32_t kHeaderBytes = 8;
constexpr int32_t kBlockBytes = 16;
constexpr int32_t kSaltBytes = 14;
constexpr int32_t kAuthKeyBytes = 20;
constexpr int32_t kMaxTagBytes = 20;

// Counter blocks of the key derivation with sequence number 0 (spec 4.2): what a packet changes is only bytes 10-13.
struct DirectionBlocks {
  uint8_t encryption[kBlockBytes];
  uint8_t salt[kBlockBytes];
  uint8_t authentication[kBlockBytes];
};

// One pair of keys, prepared. `prepared` belongs to the kernel.
struct CipherContext {
  int32_t masterKeyBytes;  // 0 = all session keys are zero
  int32_t cipherKeyBytes;  // 0 = the body stays clear
  int32_t tagBytes;        // 0 = no tag
  uint8_t masterKey[32];
  DirectionBlocks seal;
  DirectionBlocks open;
  void* prepared;
};

struct CipherBatch {
  Rows rows;
  int32_t first;
  int32_t count;
  CipherContext* const* contexts;  // indexed by the context word of a row

  CipherContext& contextOf(const int32_t* row) const { return *contexts[row[kContext]]; }
};

struct CipherKernel {
  const char* name;
  // Whether this machine can run it.
  bool (*usable)();
  // Scratch state of one cipher object; null when out of memory.
  void* (*create)();
  void (*destroy)(void* state);
  // Fills and empties CipherContext::prepared.
  bool (*prepare)(void* state, CipherContext& context);
  void (*forget)(void* state, CipherContext& context);
  // False when the crypto library fails; the batch must not be used then.
  bool (*sealBatch)(void* state, const CipherBatch& batch);
  bool (*openBatch)(void* state, const CipherBatch& batch);
};

// OpenSSL's EVP layer: runs wherever the node binary runs.
extern const CipherKernel kEvpKernel;

#if defined(__x86_64__)
extern const CipherKernel kAesNiKernel;
extern const CipherKernel kVaesKernel;
extern const CipherKernel kAvx512Kernel;
extern const CipherKernel kAvx512PairKernel;
extern const CipherKernel kAvx512AesNiKernel;
extern const CipherKernel kAvx2AesNiKernel;
#elif defined(__aarch64__)
extern const CipherKernel kArmv8Kernel;
#endif

// The kernels of this architecture, best first; ends with null. Whether the machine can run one is for it to say. The first
// call takes a millisecond where there is something to try.
const CipherKernel* const* bestKernels();

// Null when there is none of this name or this machine cannot run it.
const CipherKernel* findKernel(const char* name);

}  // namespace tun_native
