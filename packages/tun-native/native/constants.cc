// Numbers of the kernel's headers that TypeScript needs; some of them differ between architectures.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "functions.h"
#include "offload/vnet_header.h"
#include "udp_messages.h"

namespace tun_native {
namespace {

struct Constant {
  const char* name;
  int32_t value;
};

const Constant kConstants[] = {
    {"O_RDWR", O_RDWR},
    {"O_NONBLOCK", O_NONBLOCK},
    {"O_CLOEXEC", O_CLOEXEC},
    {"IFF_TUN", IFF_TUN},
    {"IFF_TAP", IFF_TAP},
    {"IFF_NO_PI", IFF_NO_PI},
    {"IFF_VNET_HDR", IFF_VNET_HDR},
    {"TUN_F_CSUM", kOffloadChecksum},
    {"TUN_F_TSO4", kOffloadTso4},
    {"TUN_F_TSO6", kOffloadTso6},
    {"TUN_F_TSO_ECN", kOffloadTsoEcn},
    {"TUN_F_USO4", kOffloadUso4},
    {"TUN_F_USO6", kOffloadUso6},
    {"SOL_UDP", IPPROTO_UDP},
    {"UDP_SEGMENT", kUdpSegment},
    {"UDP_GRO", kUdpGro},
    {"SOL_SOCKET", SOL_SOCKET},
    {"SO_RCVBUF", SO_RCVBUF},
    {"SO_RCVBUFFORCE", SO_RCVBUFFORCE},
    {"SO_SNDBUF", SO_SNDBUF},
    {"SO_SNDBUFFORCE", SO_SNDBUFFORCE},
    {"SO_ERROR", SO_ERROR},
    {"SO_REUSEADDR", SO_REUSEADDR},
    {"IPPROTO_IP", IPPROTO_IP},
    {"IP_RECVERR", IP_RECVERR},
    {"IP_TTL", IP_TTL},
    {"IPPROTO_IPV6", IPPROTO_IPV6},
    {"IPV6_RECVERR", IPV6_RECVERR},
    {"IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS},
    {"IPV6_V6ONLY", IPV6_V6ONLY},
    {"EBADFD", EBADFD},
    {"ENONET", ENONET},
    {"ENOTUNIQ", ENOTUNIQ},
    {"EREMCHG", EREMCHG},
    {"ERFKILL", ERFKILL},
    {"EUSERS", EUSERS},
};

}  // namespace

napi_value createConstants(napi_env env) {
  napi_value result = nullptr;
  napi_create_object(env, &result);
  for (const Constant& constant : kConstants) napi_set_named_property(env, result, constant.name, toInteger(env, constant.value));
  napi_set_named_property(env, result, "TUN_QUEUE_BYTES", toInteger(env, static_cast<int32_t>(tunQueueBytes())));
  napi_set_named_property(env, result, "SOCKET_STATE_WORDS", toInteger(env, static_cast<int32_t>(socketStateWords())));
  napi_set_named_property(env, result, "JOINED_SLOT_BYTES", toInteger(env, static_cast<int32_t>(joinedSlotBytes())));
  napi_set_named_property(env, result, "JOINED_SLOT_ROWS", toInteger(env, joinedSlotRows()));
  return result;
}

}  // namespace tun_native
