// The kernel that always works: AES through EVP, HMAC-SHA1 through OpenSSL's block functions. Per packet one ECB
// call derives all session keys, one CTR call covers the body, and the MAC runs without any allocation.
#include <stdlib.h>

#include "../openssl_abi.h"
#include "session_blocks.h"

namespace tun_native {
namespace {

constexpr size_t kShaBlockBytes = 64;

// CTR contexts by key size, reused for every packet: only key and counter change.
struct EvpState {
  evp_cipher_ctx_st* ctr[3];
};

struct SessionKeys {
  uint8_t encryption[2 * kBlockBytes];
  uint8_t salt[kBlockBytes];
  uint8_t authentication[2 * kBlockBytes];
};

int sizeIndex(int32_t keyBytes) { return keyBytes / 8 - 2; }

const evp_cipher_st* ecbCipher(int32_t keyBytes) {
  return keyBytes == 16 ? EVP_aes_128_ecb() : keyBytes == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
}

const evp_cipher_st* ctrCipher(int index) { return index == 0 ? EVP_aes_128_ctr() : index == 1 ? EVP_aes_192_ctr() : EVP_aes_256_ctr(); }

bool usable() { return true; }

void destroy(void* data) {
  EvpState* state = static_cast<EvpState*>(data);
  for (evp_cipher_ctx_st* context : state->ctr) EVP_CIPHER_CTX_free(context);
  free(state);
}

void* create() {
  EvpState* state = static_cast<EvpState*>(calloc(1, sizeof(EvpState)));
  if (state == nullptr) return nullptr;
  const uint8_t zero[32] = {};
  for (int i = 0; i < 3; i++) {
    state->ctr[i] = EVP_CIPHER_CTX_new();
    if (state->ctr[i] == nullptr || EVP_EncryptInit_ex(state->ctr[i], ctrCipher(i), nullptr, zero, zero) != 1) {
      destroy(state);
      return nullptr;
    }
  }
  return state;
}

bool prepare(void*, CipherContext& context) {
  context.prepared = nullptr;
  if (context.masterKeyBytes == 0) return true;
  evp_cipher_ctx_st* derivation = EVP_CIPHER_CTX_new();
  if (derivation == nullptr) return false;
  if (EVP_EncryptInit_ex(derivation, ecbCipher(context.masterKeyBytes), nullptr, context.masterKey, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(derivation, 0) != 1) {
    EVP_CIPHER_CTX_free(derivation);
    return false;
  }
  context.prepared = derivation;
  return true;
}

void forget(void*, CipherContext& context) {
  EVP_CIPHER_CTX_free(static_cast<evp_cipher_ctx_st*>(context.prepared));
  context.prepared = nullptr;
}

// Only the blocks that cipher and tag need, in one call (spec 4.3).
bool deriveKeys(const CipherContext& context, const DirectionBlocks& blocks, const uint8_t* header, SessionKeys* keys) {
  if (context.masterKeyBytes == 0) {
    memset(keys, 0, sizeof *keys);
    return true;
  }
  uint8_t in[5 * kBlockBytes];
  uint8_t out[5 * kBlockBytes];
  const int encryptionBlocks = (context.cipherKeyBytes + kBlockBytes - 1) / kBlockBytes;
  int count = 0;
  for (int i = 0; i < encryptionBlocks; i++) packetBlock(blocks.encryption, header, static_cast<uint8_t>(i), in + kBlockBytes * count++);
  if (encryptionBlocks > 0) packetBlock(blocks.salt, header, 0, in + kBlockBytes * count++);
  if (context.tagBytes > 0) {
    packetBlock(blocks.authentication, header, 0, in + kBlockBytes * count++);
    packetBlock(blocks.authentication, header, 1, in + kBlockBytes * count++);
  }
  if (count == 0) return true;
  int written = 0;
  evp_cipher_ctx_st* derivation = static_cast<evp_cipher_ctx_st*>(context.prepared);
  if (EVP_EncryptUpdate(derivation, out, &written, in, count * kBlockBytes) != 1 || written != count * kBlockBytes) return false;
  const uint8_t* at = out;
  memcpy(keys->encryption, at, static_cast<size_t>(encryptionBlocks) * kBlockBytes);
  at += encryptionBlocks * kBlockBytes;
  if (encryptionBlocks > 0) {
    memcpy(keys->salt, at, kBlockBytes);
    at += kBlockBytes;
  }
  if (context.tagBytes > 0) memcpy(keys->authentication, at, 2 * kBlockBytes);
  return true;
}

bool applyCipher(EvpState* state, const CipherContext& context, const SessionKeys& keys, uint8_t* packet, int32_t bodyBytes) {
  if (context.cipherKeyBytes == 0 || bodyBytes == 0) return true;
  uint8_t counter[kBlockBytes];
  counterBlock(keys.salt, packet, counter);
  evp_cipher_ctx_st* ctr = state->ctr[sizeIndex(context.cipherKeyBytes)];
  int written = 0;
  uint8_t* body = packet + kHeaderBytes;
  return EVP_EncryptInit_ex(ctr, nullptr, nullptr, keys.encryption, counter) == 1 &&
         EVP_EncryptUpdate(ctr, body, &written, body, bodyBytes) == 1 && written == bodyBytes;
}

void hmacSha1(const uint8_t* key, const uint8_t* data, size_t length, uint8_t* digest) {
  uint8_t pad[kShaBlockBytes];
  SHA_CTX sha;
  memset(pad, 0x36, sizeof pad);
  for (int i = 0; i < kAuthKeyBytes; i++) pad[i] ^= key[i];
  SHA1_Init(&sha);
  SHA1_Update(&sha, pad, sizeof pad);
  SHA1_Update(&sha, data, length);
  SHA1_Final(digest, &sha);
  for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5c;
  SHA1_Init(&sha);
  SHA1_Update(&sha, pad, sizeof pad);
  SHA1_Update(&sha, digest, kMaxTagBytes);
  SHA1_Final(digest, &sha);
}

bool sealBatch(void* data, const CipherBatch& batch) {
  EvpState* state = static_cast<EvpState*>(data);
  SessionKeys keys;
  bool ok = true;
  for (int32_t i = batch.first; ok && i < batch.first + batch.count; i++) {
    int32_t* row = batch.rows.row(i);
    uint8_t* packet = batch.rows.packet(row);
    const CipherContext& context = batch.contextOf(row);
    ok = deriveKeys(context, context.seal, packet, &keys) && applyCipher(state, context, keys, packet, row[kLength] - kHeaderBytes);
    if (!ok || context.tagBytes == 0) continue;
    uint8_t digest[kMaxTagBytes];
    hmacSha1(keys.authentication, packet, static_cast<size_t>(row[kLength]), digest);
    memcpy(packet + row[kLength], digest + kMaxTagBytes - context.tagBytes, static_cast<size_t>(context.tagBytes));
    row[kLength] += context.tagBytes;
  }
  OPENSSL_cleanse(&keys, sizeof keys);
  return ok;
}

bool openBatch(void* data, const CipherBatch& batch) {
  EvpState* state = static_cast<EvpState*>(data);
  SessionKeys keys;
  bool ok = true;
  for (int32_t i = batch.first; ok && i < batch.first + batch.count; i++) {
    int32_t* row = batch.rows.row(i);
    uint8_t* packet = batch.rows.packet(row);
    const CipherContext& context = batch.contextOf(row);
    const int32_t bytes = row[kLength] - context.tagBytes;
    ok = deriveKeys(context, context.open, packet, &keys);
    if (!ok) break;
    if (context.tagBytes > 0) {
      uint8_t digest[kMaxTagBytes];
      hmacSha1(keys.authentication, packet, static_cast<size_t>(bytes), digest);
      const uint8_t* expected = digest + kMaxTagBytes - context.tagBytes;
      if (CRYPTO_memcmp(expected, packet + bytes, static_cast<size_t>(context.tagBytes)) != 0) {
        row[kFlags] = kPacketBadTag;
        continue;
      }
    }
    ok = applyCipher(state, context, keys, packet, bytes - kHeaderBytes);
    row[kLength] = bytes;
    row[kFlags] = kPacketOk;
  }
  OPENSSL_cleanse(&keys, sizeof keys);
  return ok;
}

}  // namespace

const CipherKernel kEvpKernel = {"evp", usable, create, destroy, prepare, forget, sealBatch, openBatch};

}  // namespace tun_native
