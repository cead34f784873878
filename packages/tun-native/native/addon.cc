// Entry of the addon: one table of functions and one of constants. Loaded once per thread; nothing here is shared
// between threads except code and constants.
#include "env_state.h"
#include "functions.h"

namespace tun_native {
namespace {

const Function kFunctions[] = {
    {"openDescriptor", openDescriptor},
    {"duplicateDescriptor", duplicateDescriptor},
    {"adoptDescriptor", adoptDescriptor},
    {"releaseDescriptor", releaseDescriptor},
    {"closeDescriptor", closeDescriptor},
    {"pinMemory", pinMemory},
    {"unpinMemory", unpinMemory},
    {"shareCallWords", shareCallWords},
    {"createPacketPair", createPacketPair},
    {"createEvent", createEvent},
    {"signalEvent", signalEvent},
    {"lockFile", lockFile},
    {"unlockFile", unlockFile},
    {"setInterface", setInterface},
    {"readFrames", readFrames},
    {"writeFrames", writeFrames},
    {"readFrame", readFrame},
    {"writeFrame", writeFrame},
    {"setVnetHeader", setVnetHeader},
    {"setOffload", setOffload},
    {"probeRing", probeRing},
    {"openRing", openRing},
    {"closeQueue", closeQueue},
    {"readQueue", readQueue},
    {"writeQueue", writeQueue},
    {"createSocket", createSocket},
    {"setSocketOption", setSocketOption},
    {"getSocketOption", getSocketOption},
    {"bindToDevice", bindToDevice},
    {"bindSocket", bindSocket},
    {"socketPort", socketPort},
    {"pathMtu", pathMtu},
    {"setSocketFilter", setSocketFilter},
    {"receiveDatagrams", receiveDatagrams},
    {"sendDatagrams", sendDatagrams},
    {"connectSocket", connectSocket},
    {"receiveErrorReport", receiveErrorReport},
    {"peekDatagram", peekDatagram},
    {"createUnixSocket", createUnixSocket},
    {"connectUnixSocket", connectUnixSocket},
    {"bindUnixSocket", bindUnixSocket},
    {"sendUnixDatagram", sendUnixDatagram},
    {"pollDescriptors", pollDescriptors},
    {"openReadiness", openReadiness},
    {"armReadiness", armReadiness},
    {"disarmReadiness", disarmReadiness},
    {"closeReadiness", closeReadiness},
    {"netlinkRequest", netlinkRequest},
    {"interfaceIndex", interfaceIndex},
    {"maskArguments", maskArguments},
    {"setProcessName", setProcessName},
    {"spawnDetached", spawnDetached},
    {"createMemoryFile", createMemoryFile},
    {"createPipe", createPipe},
    {"replaceStandardStreams", replaceStandardStreams},
    {"askDoorkeeper", askDoorkeeper},
    {"confineProcess", confineProcess},
    {"findUser", findUser},
    {"findGroup", findGroup},
    {"errorText", errorText},
    {"becomeStandardStreams", becomeStandardStreams},
    {"ignoreSignals", ignoreSignals},
    {"replaceProcess", replaceProcess},
    {"openFilesLimit", openFilesLimit},
    {"cipherKernels", cipherKernels},
    {"createCipher", createCipher},
    {"addCipherContext", addCipherContext},
    {"removeCipherContext", removeCipherContext},
    {"sealPackets", sealPackets},
    {"openPackets", openPackets},
    {"cipherNumber", cipherNumber},
    {"closeCipher", closeCipher},
};

napi_value initialise(napi_env env, napi_value exports) {
  if (!createEnvState(env)) {
    napi_throw_error(env, "ERR_NO_BINDING", "tun-native: no memory for the addon's state");
    return nullptr;
  }
  for (const Function& function : kFunctions) {
    napi_value value = nullptr;
    if (napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, nullptr, &value) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, function.name, value) != napi_ok) return nullptr;
  }
  napi_set_named_property(env, exports, "constants", createConstants(env));
  return exports;
}

}  // namespace
}  // namespace tun_native

NAPI_MODULE_INIT() { return tun_native::initialise(env, exports); }
