#include "queue_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

namespace tun_native {
namespace {

// So many super-frames in a row that the device refused, whose frames it then took one by one, end the joining.
constexpr int32_t kMostRefusals = 8;

// One write; bytes or -errno.
int32_t writeVectors(int fd, const iovec* vectors, size_t count) {
  ssize_t result;
  do {
    result = writev(fd, vectors, static_cast<int>(count));
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : static_cast<int32_t>(result);
}

}  // namespace

void QueueWriter::write(int32_t firstRow, int32_t count) {
  Joiner* joiner = &queue->joiner;
  const int32_t mode = state[kMode];
  joiner->begin((mode & kIsTap) != 0, (mode & kJoinTcp) != 0, (mode & kJoinUdp) != 0);
  for (int32_t i = firstRow; i < firstRow + count; i++) joiner->add(rows.packet(rows.row(i)), static_cast<size_t>(rows.row(i)[kLength]));
  int32_t group = 0;
  while (group < joiner->groupCount() && gone == 0) {
    if (joiner->groupCount() - group > 1 && queue->ring.isOpen()) {
      group += writeTogether(firstRow, group);
      continue;
    }
    uint8_t prefix[kMostPrefixBytes];
    iovec vectors[kJoinWindow + 1];
    const FrameGroup& alone = joiner->group(group++);
    const size_t used = describe(alone, firstRow, prefix, vectors);
    conclude(alone, firstRow, writeVectors(fd, vectors, used));
  }
}

int32_t QueueWriter::writeTogether(int32_t firstRow, int32_t firstGroup) {
  uint8_t prefixes[kRingRequests][kMostPrefixBytes];
  iovec vectors[kJoinWindow + kRingRequests];
  int32_t outcomes[kRingRequests];
  const Joiner& joiner = queue->joiner;
  const int32_t rest = joiner.groupCount() - firstGroup;
  const int32_t count = rest < static_cast<int32_t>(kRingRequests) ? rest : static_cast<int32_t>(kRingRequests);
  size_t used = 0;
  for (int32_t i = 0; i < count; i++) {
    const size_t vectorCount = describe(joiner.group(firstGroup + i), firstRow, prefixes[i], vectors + used);
    queue->ring.write(fd, vectors + used, vectorCount);
    used += vectorCount;
  }
  queue->ring.submit(outcomes);
  counters[kRingCalls]++;
  if (!queue->ring.isOpen()) state[kMode] &= ~kUsesRing;
  int32_t done = 0;
  // what a ring that failed has left is written without it
  for (; done < count && outcomes[done] != kNotDone && gone == 0; done++) {
    counters[kRingFrames]++;
    conclude(joiner.group(firstGroup + done), firstRow, outcomes[done]);
  }
  return done;
}

size_t QueueWriter::describe(const FrameGroup& group, int32_t firstRow, uint8_t* prefix, iovec* vectors) const {
  const FlowPacket& lead = group.lead;
  if (group.count == 1) {
    memset(prefix, 0, sizeof(VnetHeader));
    vectors[0] = {prefix, sizeof(VnetHeader)};
    vectors[1] = {const_cast<uint8_t*>(lead.frame), lead.length};
    return 2;
  }
  vectors[0] = {prefix, Joiner::writePrefix(group, prefix)};
  size_t count = 1;
  for (int32_t i = group.first; i >= 0; i = queue->joiner.next(i)) {
    const int32_t* row = rows.row(firstRow + i);
    vectors[count++] = {rows.packet(row) + lead.headers, static_cast<size_t>(row[kLength]) - lead.headers};
  }
  return count;
}

void QueueWriter::conclude(const FrameGroup& group, int32_t firstRow, int32_t outcome) {
  if (outcome >= 0) {
    written += group.count;
    if (group.count == 1) return;
    counters[kJoinedWrites]++;
    counters[kJoinedFrames] += group.count;
    state[kRefusals] = 0;
    return;
  }
  noteFailure(-outcome);
  // EIO: the interface is down and takes single frames no more than joined ones.
  if (group.count == 1 || gone != 0 || outcome == -EIO) return;
  bool isTaken = false;
  for (int32_t i = group.first; i >= 0 && gone == 0; i = queue->joiner.next(i)) {
    const int32_t* row = rows.row(firstRow + i);
    isTaken |= writeSingle(rows.packet(row), static_cast<size_t>(row[kLength]));
  }
  if (isTaken && outcome == -EINVAL && ++state[kRefusals] >= kMostRefusals) state[kMode] &= ~(group.lead.isTcp ? kJoinTcp : kJoinUdp);
}

bool QueueWriter::writeSingle(const uint8_t* frame, size_t length) {
  VnetHeader plain{};
  const iovec vectors[2] = {{&plain, sizeof plain}, {const_cast<uint8_t*>(frame), length}};
  const int32_t outcome = writeVectors(fd, vectors, 2);
  if (outcome < 0) return noteFailure(-outcome);
  written++;
  return true;
}

bool QueueWriter::noteFailure(int error) {
  if (error == EBADFD || error == EBADF) gone = error;
  state[kLastErrno] = error;
  return false;
}

}  // namespace tun_native
