#include "joiner.h"

#include "checksum.h"

namespace tun_native {

void Joiner::begin(bool isTap, bool joinTcp, bool joinUdp) {
  isTap_ = isTap;
  joinTcp_ = joinTcp;
  joinUdp_ = joinUdp;
  frameCount_ = 0;
  groupCount_ = 0;
  openCount_ = 0;
  memset(buckets_, 0, sizeof buckets_);
}

void Joiner::add(const uint8_t* frame, size_t length) {
  const int32_t index = frameCount_++;
  FlowPacket packet = readFlow(frame, length, isTap_, joinUdp_);
  if (packet.isTcp && !joinTcp_ && packet.joinable == Joinable::kYes) packet.joinable = Joinable::kNever;
  next_[index] = -1;
  if (openCount_ > 0) {
    if (packet.joinable == Joinable::kUnknownFlow) {
      closeAddresses(packet);
    } else if (packet.joinable != Joinable::kForeign) {
      const int16_t bucket = buckets_[packet.flowHash % kBuckets];
      FrameGroup* group = bucket == 0 ? nullptr : &groups_[bucket - 1];
      if (group != nullptr && group->isOpen && sameFlow(group->lead, packet)) {
        if (append(group, packet)) {
          next_[group->last] = static_cast<int16_t>(index);
          group->last = static_cast<int16_t>(index);
          return;
        }
        closeFlow(packet);
      }
    }
  }
  FrameGroup* group = &groups_[groupCount_++];
  *group = {packet, static_cast<int16_t>(index), static_cast<int16_t>(index), 1, false, false, false, 0, 0};
  if (packet.joinable != Joinable::kYes) return;
  group->payloadBytes = packet.payloadBytes();
  group->isOpen = !packet.isTcp || (frame[packet.transport + kTcpFlags] & kTcpPush) == 0;
  if (packet.isTcp) group->nextSequence = loadBig32(frame + packet.transport + kTcpSequence) + packet.payloadBytes();
  if (!group->isOpen) return;
  openCount_++;
  // A group of another flow in this place stays as it is: it is only never found again.
  buckets_[packet.flowHash % kBuckets] = static_cast<int16_t>(groupCount_);
}

// Joins a packet of the group's flow to it, if it continues it exactly.
bool Joiner::append(FrameGroup* group, const FlowPacket& packet) {
  if (packet.joinable != Joinable::kYes) return false;
  const FlowPacket& lead = group->lead;
  const uint32_t segment = lead.payloadBytes();
  const uint32_t payload = packet.payloadBytes();
  if (payload > segment || !sameHeaders(lead, packet, group->count)) return false;
  if (packet.isTcp ? loadBig32(packet.frame + packet.transport + kTcpSequence) != group->nextSequence : group->count >= kMostUdpSegments) {
    return false;
  }
  if (lead.headers - lead.network + group->payloadBytes + payload > kMostIpBytes) return false;
  // A super-frame's checksums are made anew on the way: what is wrong must stay alone, and wrong.
  if (!group->isVerified) {
    if (!verifyChecksums(lead)) return false;
    group->isVerified = true;
  }
  if (!verifyChecksums(packet)) return false;
  group->count++;
  group->payloadBytes += payload;
  group->nextSequence += payload;
  const bool pushed = packet.isTcp && (packet.frame[packet.transport + kTcpFlags] & kTcpPush) != 0;
  if (payload < segment || pushed) {
    group->isOpen = false;
    openCount_--;
  }
  group->endsWithPush = pushed;
  return true;
}

void Joiner::closeFlow(const FlowPacket& packet) {
  const int16_t bucket = buckets_[packet.flowHash % kBuckets];
  groups_[bucket - 1].isOpen = false;
  openCount_--;
}

// Rare: a fragment or another protocol. Whatever flow it belongs to is between the same addresses.
void Joiner::closeAddresses(const FlowPacket& packet) {
  for (int32_t i = 0; i < groupCount_; i++) {
    if (!groups_[i].isOpen || !sameAddresses(groups_[i].lead, packet)) continue;
    groups_[i].isOpen = false;
    openCount_--;
  }
}

size_t Joiner::writePrefix(const FrameGroup& group, uint8_t* out) {
  const FlowPacket& lead = group.lead;
  const size_t total = lead.headers + group.payloadBytes;
  const size_t transportBytes = total - lead.transport;
  uint8_t* frame = out + sizeof(VnetHeader);
  uint8_t* network = frame + lead.network;
  uint8_t* transport = frame + lead.transport;
  memcpy(frame, lead.frame, lead.headers);
  VnetHeader vnet{kNeedsChecksum, kGsoUdp, lead.headers, static_cast<uint16_t>(lead.payloadBytes()), lead.transport, kUdpChecksum};
  uint64_t sum;
  if (lead.isIpv4) {
    storeBig16(network + kIpv4Length, total - lead.network);
    storeWord(network + kIpv4Checksum, 0);
    storeWord(network + kIpv4Checksum, static_cast<uint16_t>(~foldSum(sumBytes(network, kIpv4Bytes))));
    sum = sumPseudoHeader(network + kIpv4Addresses, kIpv4AddressBytes, lead.isTcp ? kProtocolTcp : kProtocolUdp, transportBytes);
  } else {
    storeBig16(network + kIpv6Length, total - lead.network - kIpv6Bytes);
    sum = sumPseudoHeader(network + kIpv6Addresses, kIpv6AddressBytes, lead.isTcp ? kProtocolTcp : kProtocolUdp, transportBytes);
  }
  if (lead.isTcp) {
    vnet.gsoType = lead.isIpv4 ? kGsoTcp4 : kGsoTcp6;
    vnet.checksumOffset = kTcpChecksum;
    if (group.endsWithPush) transport[kTcpFlags] |= kTcpPush;
  } else {
    storeBig16(transport + kUdpLength, transportBytes);
  }
  // What the device finds in the checksum field: the sum of the pseudo-header, to be completed per segment.
  storeWord(transport + vnet.checksumOffset, foldSum(sum));
  memcpy(out, &vnet, sizeof vnet);
  return sizeof(VnetHeader) + lead.headers;
}

}  // namespace tun_native
