// Inbound frames → as few device writes as possible: consecutive data segments of one TCP or UDP flow become one super-frame.
// Only grouping is decided here; nothing is copied and no byte of a frame is changed.
//
// Within a flow frames keep their order, also between joined and single ones. Groups are written in the order of
// their first frames.
#pragma once

#include "flow_packet.h"
#include "ip_layout.h"
#include "vnet_header.h"

namespace tun_native {

// Frames looked at together.
constexpr int32_t kJoinWindow = 256;
// The kernel refuses UDP super-frames of more than its UDP_MAX_SEGMENTS, 64 before it became 128.
constexpr uint32_t kMostUdpSegments = 64;
// An IP packet is no longer than this.
constexpr uint32_t kMostIpBytes = 65535;

struct FrameGroup {
  // The first frame; it gives the group its headers.
  FlowPacket lead;
  int16_t first;
  int16_t last;
  uint16_t count;
  // Whether more may be appended, and whether the first frame's checksums were verified.
  bool isOpen;
  bool isVerified;
  // Whether the last TCP segment carries the push flag; nothing follows it then.
  bool endsWithPush;
  uint32_t payloadBytes;
  uint32_t nextSequence;
};

// Bytes of vnet header and copied frame headers, the longest there are.
constexpr size_t kMostPrefixBytes = sizeof(VnetHeader) + kEthernetBytes + kIpv6Bytes + kTcpMostBytes;

class Joiner {
 public:
  void begin(bool isTap, bool joinTcp, bool joinUdp);
  // Frames in the order in which they arrived, at most kJoinWindow between two calls of `begin`.
  void add(const uint8_t* frame, size_t length);

  int32_t groupCount() const { return groupCount_; }
  const FrameGroup& group(int32_t index) const { return groups_[index]; }
  // The frame behind frame `index` in its group, -1 after the last.
  int32_t next(int32_t index) const { return next_[index]; }

  // The vnet header and the headers of a group's super-frame; the payloads of its frames follow.
  // Returns the bytes written to `out`.
  static size_t writePrefix(const FrameGroup& group, uint8_t* out);

 private:
  static constexpr uint32_t kBuckets = 256;

  bool append(FrameGroup* group, const FlowPacket& packet);
  void closeFlow(const FlowPacket& packet);
  void closeAddresses(const FlowPacket& packet);

  bool isTap_;
  bool joinTcp_;
  bool joinUdp_;
  int32_t frameCount_;
  int32_t groupCount_;
  int32_t openCount_;
  // By flow hash: the youngest group of one of the flows with this hash, plus one. Others are no longer appended to.
  int16_t buckets_[kBuckets];
  int16_t next_[kJoinWindow];
  FrameGroup groups_[kJoinWindow];
};

}  // namespace tun_native
