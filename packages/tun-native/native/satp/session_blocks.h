// Byte layouts of key derivation and cipher counter (spec: satp-wire.md 4.2 and 5), shared by all kernels.
#pragma once

#include <string.h>

#include "kernel.h"

namespace tun_native {

inline void derivationBlock(const uint8_t* masterSalt, uint32_t label, uint8_t* out) {
  memcpy(out, masterSalt, kSaltBytes);
  out[14] = 0;
  out[15] = 0;
  for (int i = 0; i < 4; i++) out[6 + i] ^= static_cast<uint8_t>(label >> (24 - 8 * i));
}

// Labels in the order encryption key, session salt, authentication key (spec 4.1).
inline void directionBlocks(const uint8_t* masterSalt, const int32_t* labels, DirectionBlocks* out) {
  derivationBlock(masterSalt, static_cast<uint32_t>(labels[0]), out->encryption);
  derivationBlock(masterSalt, static_cast<uint32_t>(labels[1]), out->salt);
  derivationBlock(masterSalt, static_cast<uint32_t>(labels[2]), out->authentication);
}

// The derivation block of one packet: the sequence number are the first four bytes of its header.
inline void packetBlock(const uint8_t* block, const uint8_t* header, uint8_t counter, uint8_t* out) {
  memcpy(out, block, kBlockBytes);
  for (int i = 0; i < 4; i++) out[10 + i] ^= header[i];
  out[15] = counter;
}

// Header: sequence number 0-3, sender id 4-5, mux 6-7.
inline void counterBlock(const uint8_t* sessionSalt, const uint8_t* header, uint8_t* out) {
  memcpy(out, sessionSalt, kSaltBytes);
  out[4] ^= header[6];
  out[5] ^= header[7];
  out[6] ^= header[4];
  out[7] ^= header[5];
  for (int i = 0; i < 4; i++) out[10 + i] ^= header[i];
  out[14] = 0;
  out[15] = 0;
}

}  // namespace tun_native
