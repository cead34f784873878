// The little that every exported function needs of Node-API: arguments in, numbers and views out.
//
// Conventions of the whole addon: system calls that fail come back as negative errno and the TypeScript side makes
// the error; nothing here throws. Memory of typed arrays is only used until the function returns.
#pragma once

#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include "pinned_memory.h"

namespace tun_native {

// One row of the table that addon.cc installs on the exports object.
struct Function {
  const char* name;
  napi_callback callback;
};

// View of a Uint8Array, Int32Array or Float64Array, passed as such or by the number of its pinned memory; `length`
// counts elements.
template <typename T>
struct View {
  T* data = nullptr;
  size_t length = 0;
};

// The view that a number of pinned memory stands for; empty if it is not of this type.
template <typename T>
View<T> pinnedView(int32_t number, int32_t wanted) {
  const PinnedMemory* memory = findPinned(number);
  if (memory == nullptr || memory->type != wanted) return {};
  return {static_cast<T*>(memory->data), memory->length};
}

// Arguments of a call. A value of the wrong type reads as 0, an empty view or an empty string.
template <size_t N>
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = N;
    if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != napi_ok) count = 0;
    count_ = count < N ? count : N;
  }

  napi_value value(size_t index) const { return index < count_ ? values_[index] : nullptr; }

  int32_t integer(size_t index) const {
    int32_t result = 0;
    if (index < count_) napi_get_value_int32(env_, values_[index], &result);
    return result;
  }

  uint32_t word(size_t index) const {
    uint32_t result = 0;
    if (index < count_) napi_get_value_uint32(env_, values_[index], &result);
    return result;
  }

  // Copies a string, always terminated. Returns false when it does not fit.
  bool text(size_t index, char* out, size_t capacity) const {
    out[0] = 0;
    size_t length = 0;
    if (index >= count_) return false;
    if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) return false;
    if (length >= capacity) return false;
    return napi_get_value_string_utf8(env_, values_[index], out, capacity, &length) == napi_ok;
  }

  View<uint8_t> bytes(size_t index) const { return view<uint8_t>(index, napi_uint8_array); }
  View<int32_t> words(size_t index) const { return view<int32_t>(index, napi_int32_array); }
  View<double> numbers(size_t index) const { return view<double>(index, napi_float64_array); }

  // The C++ object behind a napi external, or null.
  template <typename T>
  T* external(size_t index) const {
    void* result = nullptr;
    napi_valuetype type = napi_undefined;
    if (index >= count_ || napi_typeof(env_, values_[index], &type) != napi_ok || type != napi_external) return nullptr;
    napi_get_value_external(env_, values_[index], &result);
    return static_cast<T*>(result);
  }

 private:
  template <typename T>
  View<T> view(size_t index, napi_typedarray_type wanted) const {
    View<T> result;
    napi_typedarray_type type;
    void* data = nullptr;
    size_t length = 0;
    int32_t number = 0;
    if (index >= count_) return result;
    if (napi_get_value_int32(env_, values_[index], &number) == napi_ok) return pinnedView<T>(number, wanted);
    if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) != napi_ok) return result;
    if (type != wanted || data == nullptr) return result;
    result.data = static_cast<T*>(data);
    result.length = length;
    return result;
  }

  napi_env env_;
  napi_value values_[N];
  size_t count_ = 0;
};

inline napi_value toInteger(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

inline napi_value toText(napi_env env, const char* text) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

inline napi_value toBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

// A system call's result: the value itself, or -errno.
inline napi_value toResult(napi_env env, long result) { return toInteger(env, result < 0 ? -errno : static_cast<int32_t>(result)); }

}  // namespace tun_native
