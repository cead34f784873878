// Which of two kernels is faster on this processor, where no table of models would stay true: asked of the processor itself,
// in less than a millisecond.
#include "fastest_kernel.h"

#include <stdlib.h>
#include <time.h>

#include "packet_job.h"

namespace tun_native {
namespace {

constexpr int32_t kPackets = 32;
constexpr int32_t kPacketBytes = 1400;
constexpr int32_t kSpacing = 1472;
constexpr int kRounds = 8;

int64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

// A kernel with keys of zeros.
class Candidate {
 public:
  explicit Candidate(const CipherKernel& kernel) : kernel_(kernel), state_(kernel.create()) {
    context_.masterKeyBytes = kBlockBytes;
    context_.cipherKeyBytes = kBlockBytes;
    context_.tagBytes = 10;
    isReady_ = state_ != nullptr && kernel.prepare(state_, context_);
  }

  ~Candidate() {
    if (isReady_) kernel_.forget(state_, context_);
    if (state_ != nullptr) kernel_.destroy(state_);
  }

  // Seals all packets. What disturbs it only makes it slower, so the best of several rounds counts.
  void run(const Rows& rows) {
    for (int32_t i = 0; i < kPackets; i++) {
      int32_t* row = rows.row(i);
      row[kOffset] = i * kSpacing;
      row[kLength] = kPacketBytes;
      row[kContext] = 0;
    }
    CipherContext* contexts[] = {&context_};
    const int64_t start = nanoseconds();
    const bool isDone = isReady_ && kernel_.sealBatch(state_, {rows, 0, kPackets, contexts});
    const int64_t took = nanoseconds() - start;
    if (isDone && took < best_) best_ = took;
  }

  int64_t best() const { return best_; }

 private:
  const CipherKernel& kernel_;
  void* state_;
  CipherContext context_ = {};
  bool isReady_ = false;
  int64_t best_ = INT64_MAX;
};

}  // namespace

const CipherKernel& fasterKernel(const CipherKernel& first, const CipherKernel& second) {
  uint8_t* bytes = static_cast<uint8_t*>(calloc(kPackets, kSpacing));
  if (bytes == nullptr) return first;
  int32_t descriptors[kPackets * kDescriptorWords] = {};
  const Rows rows = {bytes, static_cast<size_t>(kPackets) * kSpacing, descriptors};
  Candidate candidates[] = {Candidate(first), Candidate(second)};
  for (int round = 0; round < kRounds; round++) {
    for (Candidate& candidate : candidates) candidate.run(rows);
  }
  free(bytes);
  return candidates[1].best() < candidates[0].best() ? second : first;
}

}  // namespace tun_native
