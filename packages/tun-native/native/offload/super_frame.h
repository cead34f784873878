// A frame of up to 64 KiB that stands for many: as a device with segmentation offload delivers it, cut here into the
// frames that would have been on the wire.
#pragma once

#include "vnet_header.h"

#include <stddef.h>

namespace tun_native {

struct SuperFrame {
  uint32_t length;
  // Offsets of the network and of the transport header, and bytes of all headers together.
  uint32_t network;
  uint32_t transport;
  uint32_t headers;
  // Payload bytes of each segment but the last, and payload bytes already cut.
  uint32_t segment;
  uint32_t done;
  uint32_t index;
  bool isTcp;
  bool isIpv4;
  // Not folded. Of the IPv4 header without length, identification and checksum; of pseudo-header and transport header
  // without lengths, sequence number, flags and checksum.
  uint64_t networkSum;
  uint64_t transportSum;

  bool hasMore() const { return headers + done < length; }
  uint32_t nextBytes() const {
    const uint32_t rest = length - headers - done;
    return headers + (rest < segment ? rest : segment);
  }
};

// Understands a frame by its vnet header. False when header and frame do not fit together.
bool openSuperFrame(const VnetHeader& vnet, const uint8_t* frame, size_t length, bool isTap, SuperFrame* out);

// Writes the next segment, `nextBytes()` long, with lengths, identification, sequence number, flags and checksums
// of its own.
void cutSegment(SuperFrame* frame, const uint8_t* bytes, uint8_t* out);

// Passes over the next segment.
void skipSegment(SuperFrame* frame);

// Completes the checksum of an ordinary frame that left it to the device. False when it lies outside the frame.
bool finishChecksum(const VnetHeader& vnet, uint8_t* frame, size_t length);

}  // namespace tun_native
