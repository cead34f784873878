#include "env_state.h"

#include <stdlib.h>
#include <unistd.h>

namespace tun_native {
namespace {

struct EnvState {
  int* owned;
  size_t count;
  size_t capacity;
};

EnvState* stateOf(napi_env env) {
  void* state = nullptr;
  napi_get_instance_data(env, &state);
  return static_cast<EnvState*>(state);
}

void destroyEnvState(napi_env, void* data, void*) {
  EnvState* state = static_cast<EnvState*>(data);
  for (size_t i = 0; i < state->count; i++) close(state->owned[i]);
  free(state->owned);
  free(state);
  forgetPinned();
}

bool append(EnvState* state, int fd) {
  if (state->count == state->capacity) {
    const size_t capacity = state->capacity == 0 ? 16 : state->capacity * 2;
    int* grown = static_cast<int*>(realloc(state->owned, capacity * sizeof(int)));
    if (grown == nullptr) return false;
    state->owned = grown;
    state->capacity = capacity;
  }
  state->owned[state->count++] = fd;
  return true;
}

}  // namespace

bool createEnvState(napi_env env) {
  if (stateOf(env) != nullptr) return true;
  EnvState* state = static_cast<EnvState*>(calloc(1, sizeof(EnvState)));
  if (state == nullptr) return false;
  if (napi_set_instance_data(env, state, destroyEnvState, nullptr) == napi_ok) return true;
  free(state);
  return false;
}

napi_value ownDescriptor(napi_env env, int fd) {
  if (fd < 0) return toInteger(env, -errno);
  EnvState* state = stateOf(env);
  if (state == nullptr || !append(state, fd)) {
    close(fd);
    return toInteger(env, -ENOMEM);
  }
  return toInteger(env, fd);
}

bool ownsDescriptor(napi_env env, int fd) {
  const EnvState* state = stateOf(env);
  for (size_t i = 0; state != nullptr && i < state->count; i++) {
    if (state->owned[i] == fd) return true;
  }
  return false;
}

bool disownDescriptor(napi_env env, int fd) {
  EnvState* state = stateOf(env);
  for (size_t i = 0; state != nullptr && i < state->count; i++) {
    if (state->owned[i] != fd) continue;
    state->owned[i] = state->owned[--state->count];
    return true;
  }
  return false;
}

}  // namespace tun_native
