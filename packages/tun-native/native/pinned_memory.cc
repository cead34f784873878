#include "pinned_memory.h"

#include "functions.h"

namespace tun_native {
namespace {

constexpr int32_t kMostPinned = 1024;

// An environment never leaves its thread, and its references end with it.
thread_local PinnedMemory pinned[kMostPinned];

}  // namespace

const PinnedMemory* findPinned(int32_t number) {
  if (number < 1 || number > kMostPinned || pinned[number - 1].owner == nullptr) return nullptr;
  return &pinned[number - 1];
}

// The number of an array's memory from now on, 0 when there is no number left. The array must not be transferred.
napi_value pinMemory(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  PinnedMemory memory{};
  if (napi_get_typedarray_info(env, args.value(0), &memory.type, &memory.length, &memory.data, nullptr, nullptr) != napi_ok) {
    return toInteger(env, 0);
  }
  for (int32_t i = 0; i < kMostPinned; i++) {
    if (pinned[i].owner != nullptr) continue;
    if (napi_create_reference(env, args.value(0), 1, &memory.owner) != napi_ok) break;
    pinned[i] = memory;
    return toInteger(env, i + 1);
  }
  return toInteger(env, 0);
}

napi_value unpinMemory(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const int32_t number = args.integer(0);
  if (findPinned(number) == nullptr) return toInteger(env, -ENOENT);
  napi_delete_reference(env, pinned[number - 1].owner);
  pinned[number - 1].owner = nullptr;
  return toInteger(env, 0);
}

}  // namespace tun_native
