// Memory of typed arrays that JavaScript names by a number: asking Node-API for the pointer of an array in each call
// costs more than many of the calls themselves.
#pragma once

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

namespace tun_native {

struct PinnedMemory {
  napi_typedarray_type type;
  void* data;
  size_t length;
  napi_ref owner;  // keeps the array alive; null when the place is free
};

// The memory of this thread with this number, or null.
const PinnedMemory* findPinned(int32_t number);

}  // namespace tun_native
