// Socket addresses between the kernel's structures and the eight words of an endpoint row.
#pragma once

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "packet_batch.h"

namespace tun_native {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills an address from an endpoint row. Returns its length, 0 when the row's family is not the socket's.
inline socklen_t fromEndpoint(const int32_t* row, int32_t family, SocketAddress* out) {
  if (row[kEndpointFamily] != family) return 0;
  if (family == 4) {
    memset(&out->v4, 0, sizeof out->v4);
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(static_cast<uint16_t>(row[kEndpointPort]));
    out->v4.sin_addr.s_addr = htonl(static_cast<uint32_t>(row[kEndpointAddress]));
    return sizeof out->v4;
  }
  if (family != 6) return 0;
  memset(&out->v6, 0, sizeof out->v6);
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons(static_cast<uint16_t>(row[kEndpointPort]));
  out->v6.sin6_scope_id = static_cast<uint32_t>(row[kEndpointScope]);
  for (int i = 0; i < 4; i++) {
    const uint32_t word = htonl(static_cast<uint32_t>(row[kEndpointAddress + i]));
    memcpy(reinterpret_cast<uint8_t*>(&out->v6.sin6_addr) + i * 4, &word, 4);
  }
  return sizeof out->v6;
}

// Writes all words of an endpoint row except the socket number.
inline void toEndpoint(const SocketAddress& address, int32_t* row) {
  if (address.any.sa_family == AF_INET) {
    row[kEndpointFamily] = 4;
    row[kEndpointPort] = ntohs(address.v4.sin_port);
    row[kEndpointScope] = 0;
    row[kEndpointAddress] = static_cast<int32_t>(ntohl(address.v4.sin_addr.s_addr));
    for (int i = 1; i < 4; i++) row[kEndpointAddress + i] = 0;
    return;
  }
  if (address.any.sa_family == AF_INET6) {
    row[kEndpointFamily] = 6;
    row[kEndpointPort] = ntohs(address.v6.sin6_port);
    row[kEndpointScope] = static_cast<int32_t>(address.v6.sin6_scope_id);
    for (int i = 0; i < 4; i++) {
      uint32_t word;
      memcpy(&word, reinterpret_cast<const uint8_t*>(&address.v6.sin6_addr) + i * 4, 4);
      row[kEndpointAddress + i] = static_cast<int32_t>(ntohl(word));
    }
    return;
  }
  for (int i = 0; i < kEndpointWords; i++) {
    if (i != kEndpointSocket) row[i] = 0;
  }
}

}  // namespace tun_native
