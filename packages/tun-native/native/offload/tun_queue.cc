// What JavaScript calls of a TUN or TAP device that was opened with a vnet header. Without the header see tun_device.cc.
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "../call.h"
#include "../functions.h"
#include "../read_order.h"
#include "queue_reader.h"
#include "queue_writer.h"

namespace tun_native {
namespace {

TunQueue* queueOf(const View<uint8_t>& memory) {
  if (memory.length < sizeof(TunQueue) || reinterpret_cast<uintptr_t>(memory.data) % alignof(TunQueue) != 0) return nullptr;
  return reinterpret_cast<TunQueue*>(memory.data);
}

}  // namespace

size_t tunQueueBytes() { return sizeof(TunQueue); }

// TUNSETVNETHDRSZ to the size used here, or -errno.
napi_value setVnetHeader(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int size = sizeof(VnetHeader);
  return toResult(env, ioctl(args.integer(0), TUNSETVNETHDRSZ, &size));
}

// TUNSETOFFLOAD: which unfinished frames the kernel may deliver.
napi_value setOffload(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  return toResult(env, ioctl(args.integer(0), TUNSETOFFLOAD, static_cast<unsigned long>(args.word(1))));
}

// Whether the kernel serves this device through a ring without waiting (6.4): 0 or -errno. Asked by a write that is too short
// to be a frame, so that nothing leaves and nothing is taken.
napi_value probeRing(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  DeviceRing ring{};
  const int error = ring.open();
  if (error < 0) return toInteger(env, error);
  uint8_t byte = 0;
  const iovec vector{&byte, sizeof byte};
  int32_t outcome;
  ring.write(args.integer(0), &vector, 1);
  ring.submit(&outcome);
  ring.close();
  if (outcome == -EINVAL) return toInteger(env, 0);
  return toInteger(env, outcome < 0 && outcome != kNotDone ? outcome : -EIO);
}

// The ring lives until closeQueue(). 0 or -errno.
napi_value openRing(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  TunQueue* queue = queueOf(args.bytes(0));
  return toInteger(env, queue == nullptr ? -EFAULT : queue->ring.open());
}

// Gives back what the queue took beside its own memory. Idempotent.
napi_value closeQueue(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  TunQueue* queue = queueOf(args.bytes(0));
  if (queue != nullptr) {
    queue->ring.close();
    queue->frames.close();
  }
  return toInteger(env, 0);
}

napi_value readQueue(napi_env env, napi_callback_info info) {
  Arguments<7> args(env, info);
  const QueueReader reader{args.integer(0), args.integer(1), queueOf(args.bytes(2)), args.words(3),
                           args.numbers(4), args.bytes(5),   args.words(6)};
  return toInteger(env, reader.read());
}

int32_t readQueueOrder(const int32_t* order) {
  const QueueReader reader{order[kOrderFd],
                           order[kOrderNumber],
                           queueOf(pinnedView<uint8_t>(order[kOrderQueue], napi_uint8_array)),
                           pinnedView<int32_t>(order[kOrderState], napi_int32_array),
                           pinnedView<double>(order[kOrderCounters], napi_float64_array),
                           pinnedView<uint8_t>(order[kOrderBytes], napi_uint8_array),
                           pinnedView<int32_t>(order[kOrderDescriptors], napi_int32_array)};
  return reader.read();
}

// As writeFrames: returns how many frames the device took, -EFAULT, or the error of a device that is gone.
napi_value writeQueue(napi_env, napi_callback_info) {
  const Call args;
  TunQueue* queue = queueOf(args.bytes(1));
  const View<int32_t> state = args.words(2);
  const View<double> counters = args.numbers(3);
  const View<uint8_t> bytes = args.bytes(4);
  const View<int32_t> descriptors = args.words(5);
  const int32_t first = args.integer(6);
  const int32_t count = args.integer(7);
  if (queue == nullptr || state.length < kQueueStateWords || counters.length < kQueueCounters ||
      !rowsExist(first, count, descriptors.length, kDescriptorWords)) {
    return args.end(-EFAULT);
  }
  const int32_t end = first + count;
  QueueWriter writer{args.integer(0), queue, state.data, counters.data, {bytes.data, bytes.length, descriptors.data}, 0, 0};
  for (int32_t row = first; row < end; row++) {
    if (!writer.rows.holds(writer.rows.row(row))) return args.end(-EFAULT);
  }
  for (int32_t row = first; row < end && writer.gone == 0; row += kJoinWindow) {
    writer.write(row, end - row < kJoinWindow ? end - row : kJoinWindow);
  }
  return args.end(writer.gone != 0 ? -writer.gone : writer.written);
}

}  // namespace tun_native
