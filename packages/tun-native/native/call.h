// Arguments and result of a call in words that JavaScript sees too, for the calls that packets make: what Node-API does for each
// value that is handed over is code that nothing else has run lately, and a lonely packet waits for every line of it.
#pragma once

#include "napi_util.h"

namespace tun_native {

// The result, then the arguments in their order.
constexpr size_t kCallWords = 12;

// The words of this thread. JavaScript makes none of these calls before shareCallWords().
int32_t* callWords();

// Memory is named by the number under which it is pinned.
class Call {
 public:
  int32_t integer(size_t index) const { return words_[1 + index]; }
  View<uint8_t> bytes(size_t index) const { return pinnedView<uint8_t>(integer(index), napi_uint8_array); }
  View<int32_t> words(size_t index) const { return pinnedView<int32_t>(integer(index), napi_int32_array); }
  View<double> numbers(size_t index) const { return pinnedView<double>(integer(index), napi_float64_array); }

  napi_value end(int32_t result) const {
    words_[0] = result;
    return nullptr;
  }

 private:
  int32_t* words_ = callWords();
};

}  // namespace tun_native
