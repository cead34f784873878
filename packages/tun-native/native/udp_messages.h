// What sending and receiving datagrams in batches have in common: vectors for the kernel, filled for some datagrams at
// a time on the stack, so that what is filled for one call stays in the first-level cache.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "socket_address.h"

namespace tun_native {

// Not in older headers.
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

// Errors that an earlier datagram left on the socket; they say nothing about the one that is being moved now.
inline bool isPendingError(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EPROTO || error == ENOPROTOOPT ||
         error == EHOSTDOWN || error == ENONET || error == EOPNOTSUPP || error == ECONNRESET || error == EMSGSIZE;
}

// Places in the counters of a socket, shared with src/udp-socket.ts.
enum SocketCounter {
  kSegmentedSends = 0,
  kSegmentedDatagrams = 1,
  kRefusedSends = 2,
  kCoalescedReceives = 3,
  kCoalescedDatagrams = 4,
  kLostDatagrams = 5,
  kSocketCounters = 6
};

}  // namespace tun_native
