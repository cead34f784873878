// The kernel that always works: AES through EVP, SHA-1 through OpenSSL's block function. Per packet one ECB call
// derives all session keys and one CTR call covers the body; the MACs of a chunk are made side by side.
#include "../openssl_abi.h"
#include "batch_kernel.h"
#include "cpu_features.h"

namespace tun_native {
namespace {

constexpr int kKeySizes = 3;

int sizeIndex(int32_t keyBytes) { return keyBytes / 8 - 2; }

const evp_cipher_st* ecbCipher(int32_t keyBytes) {
  return keyBytes == 16 ? EVP_aes_128_ecb() : keyBytes == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
}

const evp_cipher_st* ctrCipher(int index) { return index == 0 ? EVP_aes_128_ctr() : index == 1 ? EVP_aes_192_ctr() : EVP_aes_256_ctr(); }

// A block of each message in turn: one block waits for the one before it, and the processor, which looks ahead,
// fills the gaps with the other messages.
struct Sha1Evp {
  template <int N>
  static void compress(Sha1Job* const* jobs, uint32_t blocks) {
    const size_t bytes = blocks * kShaBlockBytes;
    SHA_CTX contexts[N] = {};
    for (int i = 0; i < N; i++) memcpy(contexts[i].state, jobs[i]->state, sizeof jobs[i]->state);
    if (N == 1) {
      SHA1_Update(contexts, jobs[0]->data, bytes);
    } else {
      for (size_t at = 0; at < bytes; at += kShaBlockBytes) {
        for (int i = 0; i < N; i++) SHA1_Transform(&contexts[i], jobs[i]->data + at);
      }
    }
    for (int i = 0; i < N; i++) memcpy(jobs[i]->state, contexts[i].state, sizeof jobs[i]->state);
  }
};

// Only where OpenSSL has SHA instructions to work with: its other code leaves no gaps, and each call has its price.
const bool kInTurns = hasAesAndSha() || hasArmAesAndSha();

struct EvpCrypto {
  using Master = evp_cipher_ctx_st*;

  // Own frames and those of OpenSSL's functions.
  static constexpr size_t kStackBytes = 4096;
  static constexpr int32_t kLanes = 0;
  static constexpr bool kStitches = false;

  static bool setMaster(const uint8_t* key, int32_t bytes, Master* master) {
    *master = EVP_CIPHER_CTX_new();
    return *master != nullptr && EVP_EncryptInit_ex(*master, ecbCipher(bytes), nullptr, key, nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(*master, 0) == 1;
  }

  static void clearMaster(Master* master) { EVP_CIPHER_CTX_free(*master); }

  // CTR contexts by key size, reused for every packet: only key and counter change.
  struct Scratch {
    evp_cipher_ctx_st* ctr[kKeySizes];
  };

  static bool begin(Scratch* scratch) {
    const uint8_t zero[2 * kBlockBytes] = {};
    for (int i = 0; i < kKeySizes; i++) {
      scratch->ctr[i] = EVP_CIPHER_CTX_new();
      if (scratch->ctr[i] == nullptr || EVP_EncryptInit_ex(scratch->ctr[i], ctrCipher(i), nullptr, zero, zero) != 1) return false;
    }
    return true;
  }

  static void end(Scratch* scratch) {
    for (evp_cipher_ctx_st* context : scratch->ctr) EVP_CIPHER_CTX_free(context);
  }

  // The contexts keep the key of the last packet, and are wiped by whoever made them.
  static void wipeScratch(Scratch*, size_t) {}

  // All session keys of a packet in one call (spec 4.3).
  static bool derive(const PacketJob* jobs, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = jobs[i];
      if (job.master == nullptr) continue;
      DerivedBlocks in = *job.inputs;
      for (auto& block : in.block) {
        for (int byte = 0; byte < 4; byte++) block[10 + byte] ^= job.packet[byte];
      }
      const int bytes = kBlockBytes * (job.cipherKeyBytes > kBlockBytes ? kDerivedBlocks : kCommonBlocks);
      int written = 0;
      const Master master = *static_cast<const Master*>(job.master);
      if (EVP_EncryptUpdate(master, job.keys->block[0], &written, in.block[0], bytes) != 1 || written != bytes) return false;
    }
    return true;
  }

  static bool applyCipher(const PacketJob* jobs, int32_t count, Scratch* scratch) {
    for (int32_t i = 0; i < count; i++) {
      const PacketJob& job = jobs[i];
      const int32_t bytes = job.bodyBytes();
      if (job.cipherKeyBytes == 0 || bytes == 0) continue;
      uint8_t key[2 * kBlockBytes];
      uint8_t counter[kBlockBytes];
      cipherKey(job, key);
      counterBlock(job.keys->block[kSaltBlock], job.packet, counter);
      evp_cipher_ctx_st* ctr = scratch->ctr[sizeIndex(job.cipherKeyBytes)];
      int written = 0;
      if (EVP_EncryptInit_ex(ctr, nullptr, nullptr, key, counter) != 1) return false;
      if (EVP_EncryptUpdate(ctr, job.body(), &written, job.body(), bytes) != 1 || written != bytes) return false;
    }
    return true;
  }

  static void hash(Sha1Job** jobs, int32_t count) {
    if (kInTurns) return hashInterleaved<Sha1Evp>(jobs, count);
    for (int32_t i = 0; i < count; i++) hashInterleaved<Sha1Evp>(&jobs[i], 1);
  }

  // Which registers OpenSSL uses is its own affair, and so is what it leaves in them.
  static void clearRegisters() {}
};

bool usable() { return true; }

}  // namespace

extern const CipherKernel kEvpKernel = makeKernel<EvpCrypto>("evp", usable);

}  // namespace tun_native
