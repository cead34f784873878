#include "pinned_memory.h"

#include <stdlib.h>

#include "call.h"
#include "functions.h"

namespace tun_native {
namespace {

// At a known distance from the thread pointer, instead of a call at each access. musl loads no library that asks for that.
#ifdef __GLIBC__
#define NEAR_THREAD_POINTER __attribute__((tls_model("initial-exec")))
#else
#define NEAR_THREAD_POINTER
#endif

constexpr int32_t kFirstCapacity = 256;

// An environment never leaves its thread, and its references end with it.
struct Table {
  PinnedMemory* rows;
  int32_t capacity;
  int32_t* callWords;
  napi_ref callWordsOwner;
};
thread_local Table table NEAR_THREAD_POINTER;

bool grow() {
  const int32_t capacity = table.capacity == 0 ? kFirstCapacity : table.capacity * 2;
  PinnedMemory* rows = static_cast<PinnedMemory*>(realloc(table.rows, static_cast<size_t>(capacity) * sizeof(PinnedMemory)));
  if (rows == nullptr) return false;
  for (int32_t i = table.capacity; i < capacity; i++) rows[i] = {};
  table.rows = rows;
  table.capacity = capacity;
  return true;
}

}  // namespace

const PinnedMemory* findPinned(int32_t number) {
  if (number < 1 || number > table.capacity || !table.rows[number - 1].isTaken) return nullptr;
  return &table.rows[number - 1];
}

int32_t pin(const PinnedMemory& memory) {
  int32_t place = 0;
  while (place < table.capacity && table.rows[place].isTaken) place++;
  if (place == table.capacity && !grow()) return -ENOMEM;
  table.rows[place] = memory;
  table.rows[place].isTaken = true;
  return place + 1;
}

void unpin(int32_t number) {
  if (findPinned(number) != nullptr) table.rows[number - 1] = {};
}

void forgetPinned() {
  free(table.rows);
  table = {};
}

int32_t* callWords() { return table.callWords; }

// The number of an array's memory from now on, or -errno. The array must not be transferred.
napi_value pinMemory(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  PinnedMemory memory{};
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, args.value(0), &type, &memory.length, &memory.data, nullptr, nullptr) != napi_ok) {
    return toInteger(env, -EINVAL);
  }
  memory.type = type;
  if (napi_create_reference(env, args.value(0), 1, &memory.owner) != napi_ok) return toInteger(env, -ENOMEM);
  const int32_t number = pin(memory);
  if (number < 0) napi_delete_reference(env, memory.owner);
  return toInteger(env, number);
}

napi_value unpinMemory(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const PinnedMemory* memory = findPinned(args.integer(0));
  if (memory == nullptr || memory->owner == nullptr) return toInteger(env, -ENOENT);
  napi_delete_reference(env, memory->owner);
  unpin(args.integer(0));
  return toInteger(env, 0);
}

// The array in which the calls of this thread find their arguments: one for all copies of the JavaScript. Undefined when there
// is no memory.
napi_value shareCallWords(napi_env env, napi_callback_info) {
  napi_value words = nullptr;
  if (table.callWordsOwner != nullptr) {
    napi_get_reference_value(env, table.callWordsOwner, &words);
    return words;
  }
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, kCallWords * sizeof(int32_t), &data, &buffer) != napi_ok) return nullptr;
  if (napi_create_typedarray(env, napi_int32_array, kCallWords, buffer, 0, &words) != napi_ok) return nullptr;
  if (napi_create_reference(env, words, 1, &table.callWordsOwner) != napi_ok) return nullptr;
  table.callWords = static_cast<int32_t*>(data);
  return words;
}

}  // namespace tun_native
