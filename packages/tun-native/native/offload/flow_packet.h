// What coalescing must know of a frame: which flow it belongs to, and whether it may be joined with its neighbours.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tun_native {

enum class Joinable : uint8_t {
  // A plain data segment: may be joined once its checksums are verified.
  kYes,
  // Belongs to a flow, and what follows in this flow must stay behind it.
  kNever,
  // Belongs to no known flow, but between known addresses (fragments, other protocols, extension headers).
  kUnknownFlow,
  // Not IP.
  kForeign,
};

struct FlowPacket {
  const uint8_t* frame;
  uint32_t length;
  Joinable joinable;
  bool isIpv4;
  bool isTcp;
  uint8_t network;
  uint8_t transport;
  uint8_t headers;
  uint32_t flowHash;

  uint32_t payloadBytes() const { return length - headers; }
};

// Reads a frame's headers. `joinUdp`: whether UDP is joined at all. Nothing is read behind `length`.
FlowPacket readFlow(const uint8_t* frame, size_t length, bool isTap, bool joinUdp);

// Whether the IPv4 header's and the TCP or UDP checksum of a joinable packet are right.
bool verifyChecksums(const FlowPacket& packet);

// Whether both have the same addresses; for packets of unknown flow too.
bool sameAddresses(const FlowPacket& a, const FlowPacket& b);

// Whether both have the same addresses, protocol and ports.
bool sameFlow(const FlowPacket& a, const FlowPacket& b);

// Whether the headers of two joinable packets differ only in what segmentation restores: lengths, checksums,
// identification, sequence number and the push flag. `distance`: how many segments `b` comes behind `a`.
bool sameHeaders(const FlowPacket& a, const FlowPacket& b, uint32_t distance);

}  // namespace tun_native
