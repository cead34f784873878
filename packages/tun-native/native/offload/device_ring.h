// Many reads or writes of a device in one system call: an io_uring in which every request is over when the call returns.
// Nothing is pending in it ever, so a request's memory is free again at once, and any thread may use it that alone does.
#pragma once

#include <linux/io_uring.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

namespace tun_native {

// Requests of one call.
constexpr uint32_t kRingRequests = 32;
// The outcome of a request that the kernel never saw; no errno has this number.
constexpr int32_t kNotDone = INT32_MIN;

// All zero: not open. Has no constructor, because it lives in memory of a JavaScript object.
class DeviceRing {
 public:
  // 0, or -errno: ENOSYS, EPERM (switched off), ENOMEM, EMFILE.
  int open();
  // Idempotent.
  void close();
  bool isOpen() const { return isOpen_; }

  // The next request of the coming call; at most kRingRequests of them. What they point to must last until it returns.
  void read(int fd, void* memory, size_t bytes) { *next(IORING_OP_READ, fd, memory) = static_cast<uint32_t>(bytes); }
  void write(int fd, const iovec* vectors, size_t count) {
    *next(IORING_OP_WRITEV, fd, vectors) = static_cast<uint32_t>(count);
  }
  // Carries the requests out in their order. `outcomes`, one for each: bytes, -errno, or kNotDone. A ring that leaves
  // any of them undone is closed.
  void submit(int32_t* outcomes);

 private:
  // Returns where the length of the request goes.
  uint32_t* next(uint8_t operation, int fd, const void* memory);

  bool isOpen_;
  int fd_;
  uint32_t prepared_;
  uint32_t entries_;
  void* rings_;
  size_t ringsBytes_;
  io_uring_sqe* requests_;
  uint32_t* requestTail_;
  uint32_t* completionHead_;
  uint32_t* completionTail_;
  uint32_t completionMask_;
  io_uring_cqe* completions_;
};

}  // namespace tun_native
