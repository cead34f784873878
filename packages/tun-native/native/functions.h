// Every function that JavaScript sees; typed on the other side by src/binding.ts.
#pragma once

#include "napi_util.h"

namespace tun_native {

// descriptors.cc
napi_value openDescriptor(napi_env env, napi_callback_info info);
napi_value duplicateDescriptor(napi_env env, napi_callback_info info);
napi_value adoptDescriptor(napi_env env, napi_callback_info info);
napi_value releaseDescriptor(napi_env env, napi_callback_info info);
napi_value closeDescriptor(napi_env env, napi_callback_info info);
napi_value createPacketPair(napi_env env, napi_callback_info info);
napi_value createEvent(napi_env env, napi_callback_info info);
napi_value signalEvent(napi_env env, napi_callback_info info);
napi_value lockFile(napi_env env, napi_callback_info info);
napi_value unlockFile(napi_env env, napi_callback_info info);

// pinned_memory.cc
napi_value pinMemory(napi_env env, napi_callback_info info);
napi_value unpinMemory(napi_env env, napi_callback_info info);
napi_value shareCallWords(napi_env env, napi_callback_info info);

// tun_device.cc
napi_value setInterface(napi_env env, napi_callback_info info);
napi_value readFrames(napi_env env, napi_callback_info info);
napi_value writeFrames(napi_env env, napi_callback_info info);
napi_value readFrame(napi_env env, napi_callback_info info);
napi_value writeFrame(napi_env env, napi_callback_info info);

// offload/tun_queue.cc
size_t tunQueueBytes();
napi_value setVnetHeader(napi_env env, napi_callback_info info);
napi_value setOffload(napi_env env, napi_callback_info info);
napi_value probeRing(napi_env env, napi_callback_info info);
napi_value openRing(napi_env env, napi_callback_info info);
napi_value closeQueue(napi_env env, napi_callback_info info);
napi_value readQueue(napi_env env, napi_callback_info info);
napi_value writeQueue(napi_env env, napi_callback_info info);

// udp_socket.cc, udp_receive.cc, udp_send.cc
size_t joinedSlotBytes();
int32_t joinedSlotRows();
size_t socketStateWords();
napi_value createSocket(napi_env env, napi_callback_info info);
napi_value setSocketOption(napi_env env, napi_callback_info info);
napi_value getSocketOption(napi_env env, napi_callback_info info);
napi_value bindToDevice(napi_env env, napi_callback_info info);
napi_value bindSocket(napi_env env, napi_callback_info info);
napi_value socketPort(napi_env env, napi_callback_info info);
napi_value pathMtu(napi_env env, napi_callback_info info);
napi_value setSocketFilter(napi_env env, napi_callback_info info);
napi_value receiveDatagrams(napi_env env, napi_callback_info info);
napi_value sendDatagrams(napi_env env, napi_callback_info info);

// udp_punch.cc
napi_value connectSocket(napi_env env, napi_callback_info info);
napi_value receiveErrorReport(napi_env env, napi_callback_info info);
napi_value peekDatagram(napi_env env, napi_callback_info info);

// unix_socket.cc
napi_value createUnixSocket(napi_env env, napi_callback_info info);
napi_value connectUnixSocket(napi_env env, napi_callback_info info);
napi_value bindUnixSocket(napi_env env, napi_callback_info info);
napi_value sendUnixDatagram(napi_env env, napi_callback_info info);

// poller.cc
napi_value pollDescriptors(napi_env env, napi_callback_info info);

// readiness.cc
napi_value openReadiness(napi_env env, napi_callback_info info);
napi_value armReadiness(napi_env env, napi_callback_info info);
napi_value disarmReadiness(napi_env env, napi_callback_info info);
napi_value closeReadiness(napi_env env, napi_callback_info info);

// netlink.cc
napi_value netlinkRequest(napi_env env, napi_callback_info info);
napi_value interfaceIndex(napi_env env, napi_callback_info info);

// process.cc
napi_value maskArguments(napi_env env, napi_callback_info info);
napi_value setProcessName(napi_env env, napi_callback_info info);
napi_value errorText(napi_env env, napi_callback_info info);

// process_image.cc
napi_value becomeStandardStreams(napi_env env, napi_callback_info info);
napi_value ignoreSignals(napi_env env, napi_callback_info info);
napi_value replaceProcess(napi_env env, napi_callback_info info);
napi_value openFilesLimit(napi_env env, napi_callback_info info);

// background.cc
napi_value spawnDetached(napi_env env, napi_callback_info info);
napi_value createMemoryFile(napi_env env, napi_callback_info info);
napi_value createPipe(napi_env env, napi_callback_info info);
napi_value replaceStandardStreams(napi_env env, napi_callback_info info);

// ask.cc
napi_value askDoorkeeper(napi_env env, napi_callback_info info);

// privileges.cc
napi_value confineProcess(napi_env env, napi_callback_info info);
napi_value findUser(napi_env env, napi_callback_info info);
napi_value findGroup(napi_env env, napi_callback_info info);

// satp/satp_cipher.cc
napi_value cipherKernels(napi_env env, napi_callback_info info);
napi_value createCipher(napi_env env, napi_callback_info info);
napi_value addCipherContext(napi_env env, napi_callback_info info);
napi_value removeCipherContext(napi_env env, napi_callback_info info);
napi_value sealPackets(napi_env env, napi_callback_info info);
napi_value openPackets(napi_env env, napi_callback_info info);
napi_value cipherNumber(napi_env env, napi_callback_info info);
napi_value closeCipher(napi_env env, napi_callback_info info);

// constants.cc
napi_value createConstants(napi_env env);

}  // namespace tun_native
