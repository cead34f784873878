#include "super_frame.h"

#include "checksum.h"
#include "ip_layout.h"

namespace tun_native {
namespace {

// Where the network header begins: behind the Ethernet header and its VLAN tags. 0 with `isTap` for neither IP.
size_t networkOffset(const uint8_t* frame, size_t length, bool isTap) {
  if (!isTap) return 0;
  size_t at = kEtherTypeOffset;
  while (at + 2 <= length) {
    const uint16_t type = loadBig16(frame + at);
    if (type == kEtherIpv4 || type == kEtherIpv6) return at + 2;
    if (type != kEtherVlan && type != kEtherServiceVlan) return 0;
    at += kVlanTagBytes;
  }
  return 0;
}

void finishIpv4(const SuperFrame& frame, uint8_t* header, size_t totalBytes) {
  storeBig16(header + kIpv4Length, totalBytes);
  storeBig16(header + kIpv4Id, loadBig16(header + kIpv4Id) + frame.index);
  const uint64_t sum = frame.networkSum + loadWord(header + kIpv4Length) + loadWord(header + kIpv4Id);
  storeWord(header + kIpv4Checksum, static_cast<uint16_t>(~foldSum(sum)));
}

// Once for all segments: summing the headers of each took as long as half of its payload. The few words in which they
// differ are left out, and added for each.
void sumHeaders(const uint8_t* bytes, SuperFrame* frame) {
  const uint8_t* network = bytes + frame->network;
  const uint8_t* transport = bytes + frame->transport;
  const uint8_t protocol = frame->isTcp ? kProtocolTcp : kProtocolUdp;
  frame->networkSum = 0;
  if (frame->isIpv4) {
    frame->networkSum += sumBytes(network, kIpv4Length) + sumBytes(network + kIpv4Fragment, kIpv4Checksum - kIpv4Fragment);
    frame->networkSum += sumBytes(network + kIpv4Addresses, frame->transport - frame->network - kIpv4Addresses);
    frame->transportSum = sumPseudoHeader(network + kIpv4Addresses, kIpv4AddressBytes, protocol, 0);
  } else {
    frame->transportSum = sumPseudoHeader(network + kIpv6Addresses, kIpv6AddressBytes, protocol, 0);
  }
  if (frame->isTcp) {
    frame->transportSum += sumBytes(transport, kTcpSequence) + loadWord(transport + kTcpWindow);
    frame->transportSum += sumBytes(transport + kTcpAcknowledgement, kTcpDataOffset - kTcpAcknowledgement);
    frame->transportSum += sumBytes(transport + kTcpUrgent, frame->headers - frame->transport - kTcpUrgent);
  } else {
    frame->transportSum += sumBytes(transport, kUdpLength);
  }
}

}  // namespace

bool openSuperFrame(const VnetHeader& vnet, const uint8_t* frame, size_t length, bool isTap, SuperFrame* out) {
  const size_t network = networkOffset(frame, length, isTap);
  const size_t transport = vnet.checksumStart;
  if ((isTap && network == 0) || (vnet.flags & kNeedsChecksum) == 0 || vnet.segmentBytes == 0) return false;
  if (network + kIpv4Bytes > length) return false;
  const bool isIpv4 = frame[network] >> 4 == 4;
  const bool isIpv6 = frame[network] >> 4 == 6;
  if (isIpv4 && transport != network + (frame[network] & 0xf) * 4u) return false;
  if (isIpv6 && transport < network + kIpv6Bytes) return false;
  const uint8_t type = vnet.gsoType & static_cast<uint8_t>(~kGsoEcn);
  const bool isTcp = (type == kGsoTcp4 && isIpv4) || (type == kGsoTcp6 && isIpv6);
  if (!isTcp && !(type == kGsoUdp && (isIpv4 || isIpv6))) return false;
  if (transport < network + kIpv4Bytes || transport + (isTcp ? kTcpBytes : kUdpBytes) > length) return false;
  const size_t transportBytes = isTcp ? (frame[transport + kTcpDataOffset] >> 4) * 4u : kUdpBytes;
  const size_t headers = transport + transportBytes;
  if (transportBytes < (isTcp ? kTcpBytes : kUdpBytes) || headers >= length) return false;
  *out = {static_cast<uint32_t>(length),
          static_cast<uint32_t>(network),
          static_cast<uint32_t>(transport),
          static_cast<uint32_t>(headers),
          vnet.segmentBytes,
          0,
          0,
          isTcp,
          isIpv4,
          0,
          0};
  sumHeaders(frame, out);
  return true;
}

void cutSegment(SuperFrame* frame, const uint8_t* bytes, uint8_t* out) {
  const uint32_t total = frame->nextBytes();
  const uint32_t payload = total - frame->headers;
  const bool isLast = frame->headers + frame->done + payload == frame->length;
  memcpy(out, bytes, frame->headers);
  uint8_t* network = out + frame->network;
  uint8_t* transport = out + frame->transport;
  const uint8_t* given = bytes + frame->transport;
  const size_t transportBytes = total - frame->transport;

  if (frame->isIpv4) finishIpv4(*frame, network, total - frame->network);
  else storeBig16(network + kIpv6Length, total - frame->network - kIpv6Bytes);
  uint64_t sum = frame->transportSum + htonl(static_cast<uint32_t>(transportBytes));
  uint8_t* checksum;
  if (frame->isTcp) {
    // From the frame, not from the copy: a load that needs several stores of a moment ago waits for them.
    const uint32_t sequence = htonl(loadBig32(given + kTcpSequence) + frame->done);
    uint8_t flags = given[kTcpFlags];
    // What ends something belongs to the last segment; the answer to congestion is given once (RFC 3168).
    if (!isLast) flags &= static_cast<uint8_t>(~(kTcpFin | kTcpPush));
    if (frame->index > 0) flags &= static_cast<uint8_t>(~kTcpCwr);
    memcpy(transport + kTcpSequence, &sequence, sizeof sequence);
    transport[kTcpFlags] = flags;
    sum += sequence;
    sum += htons(static_cast<uint16_t>(given[kTcpDataOffset] << 8 | flags));
    checksum = transport + kTcpChecksum;
  } else {
    storeBig16(transport + kUdpLength, transportBytes);
    sum += loadWord(transport + kUdpLength);
    checksum = transport + kUdpChecksum;
  }
  sum += copyAndSum(out + frame->headers, bytes + frame->headers + frame->done, payload);
  const uint16_t folded = static_cast<uint16_t>(~foldSum(sum));
  // Of UDP's two zeros one means that there is no checksum; TCP has only one.
  storeWord(checksum, folded == 0 && !frame->isTcp ? 0xffff : folded);
  skipSegment(frame);
}

void skipSegment(SuperFrame* frame) {
  frame->done += frame->nextBytes() - frame->headers;
  frame->index++;
}

bool finishChecksum(const VnetHeader& vnet, uint8_t* frame, size_t length) {
  const size_t field = static_cast<size_t>(vnet.checksumStart) + vnet.checksumOffset;
  if (field + 2 > length) return false;
  const uint16_t folded = static_cast<uint16_t>(~foldSum(sumBytes(frame + vnet.checksumStart, length - vnet.checksumStart)));
  // As the kernel's own software does for every protocol: 0 would mean "none" to UDP and is never required.
  storeWord(frame + field, folded == 0 ? 0xffff : folded);
  return true;
}

}  // namespace tun_native
