// What JavaScript names by a number: memory of typed arrays, and ciphers. Asking Node-API for the pointer of an array in
// each call costs more than many of the calls themselves.
#pragma once

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

namespace tun_native {

// Beside the types of arrays.
constexpr int32_t kCipherType = -1;

struct PinnedMemory {
  bool isTaken;
  // A napi_typedarray_type, or kCipherType.
  int32_t type;
  void* data;
  size_t length;
  // Keeps an array alive.
  napi_ref owner;
};

// What has this number on this thread, or null. Until the next pin().
const PinnedMemory* findPinned(int32_t number);

// The first free number from now on, or -ENOMEM.
int32_t pin(const PinnedMemory& memory);

// Gives the number back.
void unpin(int32_t number);

// At the end of the thread's environment.
void forgetPinned();

}  // namespace tun_native
