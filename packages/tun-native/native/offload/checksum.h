// The ones' complement sum of IP, TCP and UDP (RFC 1071) over many bytes at once. Sums are of 16-bit words as they
// lie in memory, so they need no byte swapping; constants that are added must be in network order.
#pragma once

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace tun_native {

// Sum of `length` bytes, an odd one padded with a zero behind it. At most 16 MiB; not folded.
uint64_t sumBytes(const uint8_t* from, size_t length);

// The same while copying; the regions must not overlap.
uint64_t copyAndSum(uint8_t* to, const uint8_t* from, size_t length);

// 64 → 16 bits with the carries.
inline uint16_t foldSum(uint64_t sum) {
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<uint16_t>(sum);
}

// Sum of the pseudo-header: `addresses` are source and destination, 8 or 32 bytes.
inline uint64_t sumPseudoHeader(const uint8_t* addresses, size_t addressBytes, uint8_t protocol, size_t length) {
  return sumBytes(addresses, addressBytes) + htons(protocol) + htonl(static_cast<uint32_t>(length));
}

inline uint16_t loadWord(const uint8_t* at) {
  uint16_t word;
  memcpy(&word, at, 2);
  return word;
}

inline void storeWord(uint8_t* at, uint16_t word) { memcpy(at, &word, 2); }

inline uint16_t loadBig16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

inline uint32_t loadBig32(const uint8_t* at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return ntohl(word);
}

inline void storeBig16(uint8_t* at, size_t value) { storeWord(at, htons(static_cast<uint16_t>(value))); }

inline void storeBig32(uint8_t* at, uint32_t value) {
  const uint32_t word = htonl(value);
  memcpy(at, &word, 4);
}

}  // namespace tun_native
