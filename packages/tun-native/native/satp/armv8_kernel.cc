// The kernel for ARMv8 processors with the crypto extensions: packets are encrypted one by one with eight blocks in
// flight and hashed four, two or one at a time.
#include "batch_kernel.h"
#include "cpu_features.h"
#include "sha1_armv8.h"

namespace tun_native {

#if defined(__aarch64__)

namespace {

struct Armv8Crypto : AesSteps {
  TUN_ARMV8 static bool setMaster(const uint8_t* key, int32_t bytes, Master* master) {
    expandAesKey(key, bytes, master);
    return true;
  }

  TUN_ARMV8 static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      if (jobs[i].master != nullptr) deriveBlocks(jobs[i]);
    }
    return true;
  }

  TUN_ARMV8 static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    const PacketJob* group[kKeysAtOnce];
    uint8_t keys[kKeysAtOnce][2 * kBlockBytes];
    int32_t next = 0;
    while (const size_t gathered = gatherKeys(jobs, count, &next, group, keys)) {
      for (size_t i = 0; i < gathered; i++) expandAesKey(keys[i], group[i]->cipherKeyBytes, &scratch->keys[i]);
      for (size_t i = 0; i < gathered; i++) applyCounterMode(*group[i], scratch->keys[i]);
    }
    return true;
  }

  static void clearRegisters() {
    __asm__ volatile(
        "movi v0.16b, #0;movi v1.16b, #0;movi v2.16b, #0;movi v3.16b, #0;"
        "movi v4.16b, #0;movi v5.16b, #0;movi v6.16b, #0;movi v7.16b, #0;"
        "movi v8.16b, #0;movi v9.16b, #0;movi v10.16b, #0;movi v11.16b, #0;"
        "movi v12.16b, #0;movi v13.16b, #0;movi v14.16b, #0;movi v15.16b, #0;"
        "movi v16.16b, #0;movi v17.16b, #0;movi v18.16b, #0;movi v19.16b, #0;"
        "movi v20.16b, #0;movi v21.16b, #0;movi v22.16b, #0;movi v23.16b, #0;"
        "movi v24.16b, #0;movi v25.16b, #0;movi v26.16b, #0;movi v27.16b, #0;"
        "movi v28.16b, #0;movi v29.16b, #0;movi v30.16b, #0;movi v31.16b, #0;"
        :
        :
        : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
          "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
          "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
          "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  }

  static void hash(Sha1Job** jobs, int32_t count) { hashInterleaved<Sha1Armv8>(jobs, count); }
};

}  // namespace

extern const CipherKernel kArmv8Kernel = makeKernel<Armv8Crypto>("armv8", hasArmAesAndSha);

#endif

}  // namespace tun_native
