// State of one JavaScript environment (main thread or worker): the descriptors it owns. Closed when the
// environment ends, so that a terminated worker leaks neither a device nor a port.
#pragma once

#include "napi_util.h"

namespace tun_native {

// Creates the state of this environment and ties it to its end.
bool createEnvState(napi_env env);

// Takes a descriptor into the environment's ownership and passes it on; a failed call's -1 becomes -errno.
napi_value ownDescriptor(napi_env env, int fd);

// Whether the environment owns the descriptor.
bool ownsDescriptor(napi_env env, int fd);

// Gives the descriptor out of the environment's ownership. Returns false when it was not owned.
bool disownDescriptor(napi_env env, int fd);

}  // namespace tun_native
