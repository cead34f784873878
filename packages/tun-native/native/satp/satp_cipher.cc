// The cipher object that JavaScript holds: a growing table of contexts beside one kernel. Checks every row before a
// kernel touches the arena, so that a wrong table can neither reach outside of it nor send clear text.
#include <stdlib.h>

#include "../call.h"
#include "../functions.h"
#include "../openssl_abi.h"
#include "runs.h"
#include "session_blocks.h"

namespace tun_native {
namespace {

// The packet's counter has 16 bits of its own (spec 5), so no packet may have more blocks. Datagrams are far shorter.
constexpr int32_t kMaxPacketBytes = (1 << 16) * kBlockBytes;

struct Cipher {
  const CipherKernel* kernel;
  void* state;  // null after close
  CipherContext** contexts;
  int32_t count;
  int32_t lowestFree;  // no number below is free
  int32_t pinned;      // its own number
};

void wipe(Cipher* cipher, int32_t id) {
  CipherContext* context = cipher->contexts[id];
  if (context == nullptr) return;
  cipher->kernel->forget(cipher->state, *context);
  OPENSSL_cleanse(context, sizeof *context);
  free(context);
  cipher->contexts[id] = nullptr;
  if (id < cipher->lowestFree) cipher->lowestFree = id;
}

void shut(Cipher* cipher) {
  if (cipher->state == nullptr) return;
  for (int32_t i = 0; i < cipher->count; i++) wipe(cipher, i);
  free(cipher->contexts);
  cipher->contexts = nullptr;
  cipher->count = 0;
  unpin(cipher->pinned);
  cipher->kernel->destroy(cipher->state);
  cipher->state = nullptr;
}

void finalize(napi_env, void* data, void*) {
  shut(static_cast<Cipher*>(data));
  free(data);
}

// A free number of the table, which grows when there is none. -1 when out of memory.
int32_t freeNumber(Cipher* cipher) {
  while (cipher->lowestFree < cipher->count && cipher->contexts[cipher->lowestFree] != nullptr) cipher->lowestFree++;
  if (cipher->lowestFree < cipher->count) return cipher->lowestFree;
  const int32_t count = cipher->count == 0 ? 4 : cipher->count * 2;
  CipherContext** grown = static_cast<CipherContext**>(realloc(cipher->contexts, static_cast<size_t>(count) * sizeof(CipherContext*)));
  if (grown == nullptr) return -1;
  for (int32_t i = cipher->count; i < count; i++) grown[i] = nullptr;
  const int32_t id = cipher->count;
  cipher->contexts = grown;
  cipher->count = count;
  return id;
}

bool isKeySize(size_t bytes) { return bytes == 0 || bytes == 16 || bytes == 24 || bytes == 32; }

// Whether the row before, with its tag, ends behind the beginning of this one.
bool overlaps(const CipherBatch& batch, int32_t before, const int32_t* row) {
  const int32_t* other = batch.rows.row(before);
  return row[kOffset] > other[kOffset] && row[kOffset] - other[kOffset] < other[kLength] + batch.contextOf(other).tagBytes;
}

using BatchFunction = bool (*)(void*, const CipherBatch&);

// 0, or the number of the first unusable row + 1, or -EINVAL for a closed cipher or a bad table, or -EIO when the
// crypto library failed.
napi_value runBatch(const Call& args, bool sealing) {
  const PinnedMemory* pinned = findPinned(args.integer(0));
  const Cipher* cipher = pinned == nullptr || pinned->type != kCipherType ? nullptr : static_cast<const Cipher*>(pinned->data);
  const View<uint8_t> bytes = args.bytes(1);
  const View<int32_t> descriptors = args.words(2);
  const int32_t first = args.integer(3);
  const int32_t count = args.integer(4);
  const View<int32_t> endpoints = sealing ? View<int32_t>{} : args.words(5);
  if (cipher == nullptr || !rowsExist(first, count, descriptors.length, kDescriptorWords)) {
    return args.end(-EINVAL);
  }
  if (!sealing && !rowsExist(first, count, endpoints.length, kEndpointWords)) return args.end(-EINVAL);
  const CipherBatch batch{{bytes.data, bytes.length, descriptors.data}, first, count, cipher->contexts};
  for (int32_t i = first; i < first + count; i++) {
    const int32_t* row = batch.rows.row(i);
    const int32_t id = row[kContext];
    if (id < 0 || id >= cipher->count || cipher->contexts[id] == nullptr) return args.end(i + 1);
    const int32_t tagBytes = cipher->contexts[id]->tagBytes;
    const int32_t shortest = sealing ? kHeaderBytes : kHeaderBytes + tagBytes;
    if (row[kLength] < shortest || row[kLength] > kMaxPacketBytes) return args.end(i + 1);
    if (!batch.rows.holds(row, sealing ? static_cast<size_t>(tagBytes) : 0)) return args.end(i + 1);
    // a tag must not fall on the next packet, which may lie right behind
    if (sealing && i > first && overlaps(batch, i - 1, row)) return args.end(i);
  }
  const BatchFunction function = sealing ? cipher->kernel->sealBatch : cipher->kernel->openBatch;
  if (!function(cipher->state, batch)) return args.end(-EIO);
  if (!sealing) markRuns(batch.rows, endpoints.data, first, count);
  return args.end(0);
}

}  // namespace

// Names of the kernels that this machine can run, best first.
napi_value cipherKernels(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_array(env, &result);
  uint32_t index = 0;
  for (const CipherKernel* const* kernel = bestKernels(); *kernel != nullptr; kernel++) {
    if ((*kernel)->usable()) napi_set_element(env, result, index++, toText(env, (*kernel)->name));
  }
  return result;
}

// The cipher as an external value, or -errno.
napi_value createCipher(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  char name[32];
  args.text(0, name, sizeof name);
  const CipherKernel* kernel = findKernel(name);
  if (kernel == nullptr) return toInteger(env, -ENOENT);
  Cipher* cipher = static_cast<Cipher*>(calloc(1, sizeof(Cipher)));
  if (cipher == nullptr) return toInteger(env, -ENOMEM);
  cipher->kernel = kernel;
  cipher->state = kernel->create();
  if (cipher->state != nullptr) cipher->pinned = pin({true, kCipherType, cipher, 0, nullptr});
  napi_value result = nullptr;
  if (cipher->pinned > 0 && napi_create_external(env, cipher, finalize, nullptr, &result) == napi_ok) return result;
  shut(cipher);
  free(cipher);
  return toInteger(env, -ENOMEM);
}

// Arguments: cipher, master key, master salt, [cipher key bytes, tag bytes, 3 seal labels, 3 open labels].
napi_value addCipherContext(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  Cipher* cipher = args.external<Cipher>(0);
  const View<uint8_t> key = args.bytes(1);
  const View<uint8_t> salt = args.bytes(2);
  const View<int32_t> numbers = args.words(3);
  if (cipher == nullptr || cipher->state == nullptr || numbers.length != 8) return toInteger(env, -EINVAL);
  const int32_t cipherKeyBytes = numbers.data[0];
  const int32_t tagBytes = numbers.data[1];
  if (!isKeySize(key.length) || (key.length > 0 && salt.length != kSaltBytes)) return toInteger(env, -EINVAL);
  if (cipherKeyBytes < 0 || !isKeySize(static_cast<size_t>(cipherKeyBytes)) || tagBytes < 0 || tagBytes > kMaxTagBytes) {
    return toInteger(env, -EINVAL);
  }
  const int32_t id = freeNumber(cipher);
  CipherContext* context = static_cast<CipherContext*>(calloc(1, sizeof(CipherContext)));
  if (id < 0 || context == nullptr) {
    free(context);
    return toInteger(env, -ENOMEM);
  }
  context->masterKeyBytes = static_cast<int32_t>(key.length);
  context->cipherKeyBytes = cipherKeyBytes;
  context->tagBytes = tagBytes;
  if (key.length > 0) {
    memcpy(context->masterKey, key.data, key.length);
    directionBlocks(salt.data, numbers.data + 2, &context->seal);
    directionBlocks(salt.data, numbers.data + 5, &context->open);
  }
  cipher->contexts[id] = context;
  if (cipher->kernel->prepare(cipher->state, *context)) return toInteger(env, id);
  wipe(cipher, id);
  return toInteger(env, -EIO);
}

napi_value removeCipherContext(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  Cipher* cipher = args.external<Cipher>(0);
  const int32_t id = args.integer(1);
  if (cipher == nullptr || id < 0 || id >= cipher->count || cipher->contexts[id] == nullptr) return toInteger(env, -ENOENT);
  wipe(cipher, id);
  return toInteger(env, 0);
}

napi_value sealPackets(napi_env, napi_callback_info) { return runBatch(Call(), true); }

napi_value openPackets(napi_env, napi_callback_info) { return runBatch(Call(), false); }

// The number of a cipher, for the calls that packets make.
napi_value cipherNumber(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  Cipher* cipher = args.external<Cipher>(0);
  return toInteger(env, cipher == nullptr ? 0 : cipher->pinned);
}

napi_value closeCipher(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  Cipher* cipher = args.external<Cipher>(0);
  if (cipher != nullptr) shut(cipher);
  return toInteger(env, 0);
}

}  // namespace tun_native
