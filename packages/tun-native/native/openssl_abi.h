// The part of OpenSSL's C interface that we call, declared here because a Node-API addon is built without OpenSSL's
// headers. The functions live in the node binary (OpenSSL 3.0 in Node 20, 3.5 in 22 and later; libcrypto where a
// distribution links it dynamically) and are bound when the addon is loaded. Their signatures and the layout of
// SHA_CTX have been the same since OpenSSL 1.1.
#pragma once

#include <stddef.h>

extern "C" {

struct evp_cipher_st;
struct evp_cipher_ctx_st;
struct engine_st;

evp_cipher_ctx_st* EVP_CIPHER_CTX_new(void);
void EVP_CIPHER_CTX_free(evp_cipher_ctx_st* context);
int EVP_CIPHER_CTX_set_padding(evp_cipher_ctx_st* context, int padding);
const evp_cipher_st* EVP_aes_128_ecb(void);
const evp_cipher_st* EVP_aes_192_ecb(void);
const evp_cipher_st* EVP_aes_256_ecb(void);
const evp_cipher_st* EVP_aes_128_ctr(void);
const evp_cipher_st* EVP_aes_192_ctr(void);
const evp_cipher_st* EVP_aes_256_ctr(void);
int EVP_EncryptInit_ex(evp_cipher_ctx_st* context, const evp_cipher_st* cipher, engine_st* engine, const unsigned char* key, const unsigned char* iv);
int EVP_EncryptUpdate(evp_cipher_ctx_st* context, unsigned char* out, int* outLength, const unsigned char* in, int inLength);

struct SHA_CTX {
  unsigned int state[5];
  unsigned int bitsLow, bitsHigh;
  unsigned int block[16];
  unsigned int blockBytes;
};

int SHA1_Update(SHA_CTX* context, const void* data, size_t length);
// One block of 64 bytes; changes `state` only.
void SHA1_Transform(SHA_CTX* context, const unsigned char* block);

void OPENSSL_cleanse(void* data, size_t length);

}  // extern "C"
