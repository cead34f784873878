#include "device_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tun_native {
namespace {

// RWF_NOWAIT of linux/fs.h: a request that cannot be served now fails, even though the ring could wait for it.
constexpr int32_t kNoWait = 8;

}  // namespace

int DeviceRing::open() {
  io_uring_params params;
  memset(&params, 0, sizeof params);
  const int fd = static_cast<int>(syscall(__NR_io_uring_setup, kRingRequests, &params));
  if (fd < 0) return -errno;
  fd_ = fd;
  const size_t queueBytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t completionBytes = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  ringsBytes_ = queueBytes > completionBytes ? queueBytes : completionBytes;
  const size_t requestBytes = params.sq_entries * sizeof(io_uring_sqe);
  entries_ = params.sq_entries;
  // kernels before 5.4 keep the two rings apart; they know none of what is used here
  const bool isShared = (params.features & IORING_FEAT_SINGLE_MMAP) != 0;
  void* rings = isShared ? mmap(nullptr, ringsBytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING) : MAP_FAILED;
  if (rings == MAP_FAILED) {
    const int error = isShared ? errno : ENOSYS;
    ::close(fd);
    return -error;
  }
  void* requests = mmap(nullptr, requestBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
  if (requests == MAP_FAILED) {
    const int error = errno;
    munmap(rings, ringsBytes_);
    ::close(fd);
    return -error;
  }
  rings_ = rings;
  requests_ = static_cast<io_uring_sqe*>(requests);
  uint8_t* at = static_cast<uint8_t*>(rings);
  uint32_t* order = reinterpret_cast<uint32_t*>(at + params.sq_off.array);
  for (uint32_t i = 0; i < params.sq_entries; i++) order[i] = i;
  requestTail_ = reinterpret_cast<uint32_t*>(at + params.sq_off.tail);
  completionHead_ = reinterpret_cast<uint32_t*>(at + params.cq_off.head);
  completionTail_ = reinterpret_cast<uint32_t*>(at + params.cq_off.tail);
  completionMask_ = params.cq_entries - 1;
  completions_ = reinterpret_cast<io_uring_cqe*>(at + params.cq_off.cqes);
  prepared_ = 0;
  isOpen_ = true;
  return 0;
}

void DeviceRing::close() {
  if (!isOpen_) return;
  isOpen_ = false;
  munmap(requests_, entries_ * sizeof(io_uring_sqe));
  munmap(rings_, ringsBytes_);
  ::close(fd_);
}

uint32_t* DeviceRing::next(uint8_t operation, int fd, const void* memory) {
  // only the tail that submit() stores is seen by the kernel, so this one is ours until then
  io_uring_sqe* request = &requests_[(*requestTail_ + prepared_) & (entries_ - 1)];
  memset(request, 0, sizeof *request);
  request->opcode = operation;
  request->fd = fd;
  request->addr = reinterpret_cast<uintptr_t>(memory);
  request->rw_flags = kNoWait;
  request->user_data = prepared_++;
  return &request->len;
}

void DeviceRing::submit(int32_t* outcomes) {
  const uint32_t count = prepared_;
  prepared_ = 0;
  for (uint32_t i = 0; i < count; i++) outcomes[i] = kNotDone;
  __atomic_store_n(requestTail_, *requestTail_ + count, __ATOMIC_RELEASE);
  uint32_t submitted = 0;
  while (submitted < count) {
    const long result = syscall(__NR_io_uring_enter, fd_, count - submitted, 0, 0, nullptr, 0);
    if (result < 0 && errno == EINTR) continue;
    if (result <= 0) break;
    submitted += static_cast<uint32_t>(result);
  }
  uint32_t completed = 0;
  uint32_t head = *completionHead_;
  const uint32_t tail = __atomic_load_n(completionTail_, __ATOMIC_ACQUIRE);
  for (; head != tail; head++, completed++) {
    const io_uring_cqe& completion = completions_[head & completionMask_];
    if (completion.user_data < count) outcomes[completion.user_data] = completion.res;
  }
  __atomic_store_n(completionHead_, head, __ATOMIC_RELEASE);
  // what was prepared and not taken must not be part of another call
  if (completed < count) close();
}

}  // namespace tun_native
