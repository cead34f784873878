// How a poller reads a source as soon as it is readable, instead of in a call of its own: the source's arguments, laid
// down once, in memory that both languages see.
#pragma once

#include <stdint.h>

#include "pinned_memory.h"

namespace tun_native {

// Words of an order, shared with src/read-order.ts. Memory is named by the numbers under which it is pinned.
enum OrderWord {
  kOrderKind = 0,
  kOrderFd = 1,
  // The longest frame, or the number of the socket.
  kOrderNumber = 2,
  // Whether datagrams may come joined.
  kOrderJoining = 3,
  kOrderQueue = 4,
  kOrderState = 5,
  kOrderCounters = 6,
  kOrderBytes = 7,
  kOrderDescriptors = 8,
  kOrderEndpoints = 9,
  // What was read: rows + 1, or -errno; 0 when nothing was read since this was taken.
  kOrderResult = 10,
  kOrderWords = 11
};

enum OrderKind { kReadNothing = 0, kReadQueue = 1, kReceiveDatagrams = 2 };

// Both return rows or -errno; in tun_queue.cc and udp_receive.cc.
int32_t readQueueOrder(const int32_t* order);
int32_t receiveOrder(const int32_t* order);

}  // namespace tun_native
