// Frames that were read from a device and wait for room in a batch.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../packet_batch.h"
#include "frame_flow.h"
#include "ip_layout.h"
#include "joiner.h"
#include "vnet_header.h"

namespace tun_native {

// The longest frame: an IP packet, its Ethernet header and two VLAN tags. One byte more shows a cut.
constexpr size_t kMostFrameBytes = kMostIpBytes + kEthernetBytes + 2 * kVlanTagBytes + 1;
// A TCP stream's window of some megabytes.
constexpr int32_t kSlots = 64;

// A frame as the device delivers it, at the same place of a cache line in each.
struct Slot {
  uint8_t unused[kCacheLineBytes - sizeof(VnetHeader)];
  VnetHeader vnet;
  uint8_t frame[(kMostFrameBytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes];

  uint8_t* delivered() { return reinterpret_cast<uint8_t*>(this) + kCacheLineBytes - sizeof(VnetHeader); }
};
static_assert(offsetof(Slot, frame) == kCacheLineBytes, "the vnet header lies before the frame");

// What is known of a frame without looking into its slot.
struct WaitingFrame {
  // Of the frame; 0 for what is none or was taken before its turn.
  uint32_t bytes;
  // A super-frame.
  bool isLong;
  FrameFlow flow;
};

// All zero at first. Has no destructor, because it lives in memory of a JavaScript object.
struct FrameQueue {
  int32_t first;
  int32_t waiting;
  WaitingFrame frames[kSlots];
  // Pages of their own, of which only those take memory that a frame was in.
  Slot* slots;

  // Idempotent. False when there is no memory.
  bool open() {
    if (slots != nullptr) return true;
    void* pages = mmap(nullptr, kSlots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    slots = static_cast<Slot*>(pages);
    return true;
  }

  // Idempotent. What waited is gone.
  void close() {
    if (slots != nullptr) munmap(slots, kSlots * sizeof(Slot));
    *this = {};
  }

  int32_t space() const { return kSlots - waiting; }
  // The i-th of those that wait.
  WaitingFrame& frame(int32_t i) { return frames[place(i)]; }
  const Slot& slot(int32_t i) const { return slots[place(i)]; }
  // The i-th slot behind those that wait.
  Slot& freeSlot(int32_t i) { return slots[place(waiting + i)]; }

  // What the device has delivered into the first free slot, `delivered` bytes with the vnet header.
  void push(uint32_t delivered, bool isTap) {
    WaitingFrame& added = frames[place(waiting)];
    const Slot& slot = slots[place(waiting)];
    added = {};
    if (delivered > sizeof(VnetHeader)) {
      added.bytes = delivered - static_cast<uint32_t>(sizeof(VnetHeader));
      added.isLong = slot.vnet.gsoType != kGsoNone;
      added.flow = flowOf(slot.frame, added.bytes, isTap);
    }
    waiting++;
  }

  // The same slots are used again as soon as nothing waits, while their memory is in the cache.
  void pop() {
    waiting--;
    first = waiting == 0 ? 0 : (first + 1) % kSlots;
  }

 private:
  int32_t place(int32_t i) const { return (first + i) % kSlots; }
};

}  // namespace tun_native
