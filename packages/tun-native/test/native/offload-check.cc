// Runs segmentation and joining without Node: commands on stdin, results on stdout. Every frame lies in memory of
// exactly its length, so that sanitizers see each byte that is read or written beside it.
//
//   cut <tun|tap> <vnet header and frame>     prints each segment, then `end`, or `refused`
//   sum <offset> <bytes>                      prints their checksum, then that of copying them, and the copy; the copy
//                                             lies so far behind where memory is aligned
//   finish <vnet header and frame>            prints the frame with its checksum, or `refused`
//   frame <bytes>                             one more frame for the next `join`
//   join <tun|tap>                            prints what is written for them, one line for each write, then `end`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offload/checksum.h"
#include "offload/joiner.h"
#include "offload/super_frame.h"

using namespace tun_native;

namespace {

// Memory of exactly so many bytes.
struct Exact {
  uint8_t* bytes;
  size_t length;
};

char line[2 * 70000 + 64];
Joiner joiner;
Exact window[kJoinWindow];
int32_t windowCount;

[[noreturn]] void fail(const char* why) {
  fprintf(stderr, "offload-check: %s\n", why);
  exit(1);
}

Exact allocate(size_t length) {
  // Not malloc(0), which may give room for more.
  uint8_t* bytes = static_cast<uint8_t*>(malloc(length == 0 ? 1 : length));
  if (bytes == nullptr) fail("out of memory");
  return {bytes, length};
}

const char* nextWord() {
  const char* word = strtok(nullptr, " \n");
  return word == nullptr ? "" : word;
}

// By hand: in an emulator with sanitizers scanf and printf for each byte take most of the time.
uint8_t digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<uint8_t>(letter - '0');
  if (letter >= 'a' && letter <= 'f') return static_cast<uint8_t>(letter - 'a' + 10);
  fail("bad bytes");
}

Exact parseHex(const char* text) {
  Exact out = allocate(strlen(text) / 2);
  for (size_t i = 0; i < out.length; i++) out.bytes[i] = static_cast<uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  return out;
}

void print(const uint8_t* bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    putchar_unlocked("0123456789abcdef"[bytes[i] >> 4]);
    putchar_unlocked("0123456789abcdef"[bytes[i] & 15]);
  }
}

// Takes the vnet header off the front.
VnetHeader takeVnet(Exact* given) {
  VnetHeader vnet{};
  if (given->length < sizeof vnet) fail("no vnet header");
  memcpy(&vnet, given->bytes, sizeof vnet);
  Exact frame = allocate(given->length - sizeof vnet);
  memcpy(frame.bytes, given->bytes + sizeof vnet, frame.length);
  free(given->bytes);
  *given = frame;
  return vnet;
}

void cut(bool isTap, Exact frame) {
  const VnetHeader vnet = takeVnet(&frame);
  SuperFrame super;
  if (!openSuperFrame(vnet, frame.bytes, frame.length, isTap, &super)) {
    printf("refused\n");
  } else {
    while (super.hasMore()) {
      Exact segment = allocate(super.nextBytes());
      cutSegment(&super, frame.bytes, segment.bytes);
      print(segment.bytes, segment.length);
      printf("\n");
      free(segment.bytes);
    }
    printf("end\n");
  }
  free(frame.bytes);
}

void printChecksum(uint64_t sum) {
  uint8_t checksum[2];
  storeWord(checksum, static_cast<uint16_t>(~foldSum(sum)));
  print(checksum, sizeof checksum);
}

void sum(size_t offset, Exact given) {
  Exact copy = allocate(offset + given.length);
  memset(copy.bytes, 0, copy.length);
  printChecksum(sumBytes(given.bytes, given.length));
  printf(" ");
  printChecksum(copyAndSum(copy.bytes + offset, given.bytes, given.length));
  printf(" ");
  print(copy.bytes, copy.length);
  printf("\n");
  free(copy.bytes);
  free(given.bytes);
}

void finish(Exact frame) {
  const VnetHeader vnet = takeVnet(&frame);
  if (finishChecksum(vnet, frame.bytes, frame.length)) {
    print(frame.bytes, frame.length);
    printf("\n");
  } else {
    printf("refused\n");
  }
  free(frame.bytes);
}

void join(bool isTap) {
  joiner.begin(isTap, true, true);
  for (int32_t i = 0; i < windowCount; i++) joiner.add(window[i].bytes, window[i].length);
  for (int32_t i = 0; i < joiner.groupCount(); i++) {
    const FrameGroup& group = joiner.group(i);
    if (group.count == 1) {
      const VnetHeader plain{};
      print(reinterpret_cast<const uint8_t*>(&plain), sizeof plain);
      print(window[group.first].bytes, window[group.first].length);
    } else {
      Exact prefix = allocate(sizeof(VnetHeader) + group.lead.headers);
      if (prefix.length > kMostPrefixBytes) fail("a prefix is longer than its room");
      if (Joiner::writePrefix(group, prefix.bytes) != prefix.length) fail("a prefix of another length");
      print(prefix.bytes, prefix.length);
      free(prefix.bytes);
      for (int32_t k = group.first; k >= 0; k = joiner.next(k)) {
        print(window[k].bytes + group.lead.headers, window[k].length - group.lead.headers);
      }
    }
    printf("\n");
  }
  printf("end\n");
  for (int32_t i = 0; i < windowCount; i++) free(window[i].bytes);
  windowCount = 0;
}

}  // namespace

int main() {
  while (fgets(line, sizeof line, stdin) != nullptr) {
    const char* command = strtok(line, " \n");
    if (command == nullptr) continue;
    if (strcmp(command, "cut") == 0) {
      const bool isTap = strcmp(nextWord(), "tap") == 0;
      cut(isTap, parseHex(nextWord()));
    } else if (strcmp(command, "sum") == 0) {
      const size_t offset = strtoul(nextWord(), nullptr, 10);
      sum(offset, parseHex(nextWord()));
    } else if (strcmp(command, "finish") == 0) {
      finish(parseHex(nextWord()));
    } else if (strcmp(command, "frame") == 0) {
      if (windowCount == kJoinWindow) fail("too many frames");
      window[windowCount++] = parseHex(nextWord());
    } else if (strcmp(command, "join") == 0) {
      join(strcmp(nextWord(), "tap") == 0);
    } else {
      fail("unknown command");
    }
  }
  return 0;
}
