// Runs one kernel without Node: commands on stdin, results on stdout. So kernels of other processors can be tested in
// an emulator and all of them under sanitizers, which see every byte that a kernel touches outside of its packets.
//
//   kernel-check <name>     exit status 3: this machine cannot run it
//   context <key|-> <salt|-> <cipher key bytes> <tag bytes> <three seal labels> <three open labels>
//   row <context> <gap> <bytes>      gap: bytes between this packet's room and the one before
//   seal | open                      prints `<flags> <bytes>` per row, then `outside <n>`: changed bytes outside of packets
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satp/session_blocks.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) (static_cast<void>(at), static_cast<void>(bytes))
#endif

using namespace tun_native;

namespace {

const CipherKernel* const kCandidates[] = {
#if defined(__x86_64__)
    &kAesNiKernel,
    &kVaesKernel,
    &kAvx512Kernel,
    &kAvx512PairKernel,
    &kAvx512AesNiKernel,
    &kAvx2AesNiKernel,
#elif defined(__aarch64__)
    &kArmv8Kernel,
#endif
};

constexpr int32_t kMaxRows = 256;
constexpr int32_t kMaxContexts = 4096;
constexpr size_t kArenaBytes = 4 << 20;
constexpr uint8_t kFiller = 0xa5;

struct Check {
  const CipherKernel* kernel;
  void* state;
  CipherContext contexts[kMaxContexts];
  CipherContext* table[kMaxContexts];
  int32_t contextCount;
  int32_t rows[kMaxRows * kDescriptorWords];
  int32_t rowCount;
  uint8_t arena[kArenaBytes];
  uint8_t covered[kArenaBytes];
  size_t end;
};

Check check;
char line[2 * 70000];

[[noreturn]] void fail(const char* why) {
  fprintf(stderr, "kernel-check: %s\n", why);
  exit(1);
}

// By hand: in an emulator with sanitizers scanf and printf for each byte take most of the time.
uint8_t digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<uint8_t>(letter - '0');
  if (letter >= 'a' && letter <= 'f') return static_cast<uint8_t>(letter - 'a' + 10);
  fail("bad bytes");
}

int32_t parseHex(const char* text, uint8_t* out, int32_t room) {
  int32_t bytes = 0;
  if (strcmp(text, "-") == 0) return 0;
  for (; text[0] != 0; text += 2, bytes++) {
    if (bytes == room) fail("too many bytes");
    out[bytes] = static_cast<uint8_t>(digit(text[0]) << 4 | digit(text[1]));
  }
  return bytes;
}

void print(const uint8_t* bytes, int32_t length) {
  for (int32_t i = 0; i < length; i++) {
    putchar_unlocked("0123456789abcdef"[bytes[i] >> 4]);
    putchar_unlocked("0123456789abcdef"[bytes[i] & 15]);
  }
}

const char* nextWord() {
  const char* word = strtok(nullptr, " \n");
  if (word == nullptr) fail("a word is missing");
  return word;
}

int32_t nextNumber() { return static_cast<int32_t>(strtoll(nextWord(), nullptr, 10)); }

void addContext() {
  if (check.contextCount == kMaxContexts) fail("too many contexts");
  CipherContext& context = check.contexts[check.contextCount];
  uint8_t salt[kSaltBytes] = {};
  int32_t labels[6];
  context.masterKeyBytes = parseHex(nextWord(), context.masterKey, sizeof context.masterKey);
  parseHex(nextWord(), salt, kSaltBytes);
  context.cipherKeyBytes = nextNumber();
  context.tagBytes = nextNumber();
  for (int32_t& label : labels) label = nextNumber();
  directionBlocks(salt, labels, &context.seal);
  directionBlocks(salt, labels + 3, &context.open);
  if (!check.kernel->prepare(check.state, context)) fail("prepare failed");
  check.table[check.contextCount++] = &context;
}

void addRow() {
  if (check.rowCount == kMaxRows) fail("too many rows");
  int32_t* row = check.rows + kDescriptorWords * check.rowCount++;
  row[kContext] = nextNumber();
  check.end += static_cast<size_t>(nextNumber());
  row[kOffset] = static_cast<int32_t>(check.end);
  row[kLength] = parseHex(nextWord(), check.arena + check.end, 70000);
  row[kFlags] = 77;
  check.end += static_cast<size_t>(row[kLength] + kMaxTagBytes);
}

// Only packets may be touched, and behind them the bytes of the tag when one is to be written.
void fence(bool sealing) {
  memset(check.covered, 0, check.end);
  ASAN_POISON_MEMORY_REGION(check.arena, kArenaBytes);
  for (int32_t i = 0; i < check.rowCount; i++) {
    const int32_t* row = check.rows + kDescriptorWords * i;
    const int32_t bytes = row[kLength] + (sealing ? check.table[row[kContext]]->tagBytes : 0);
    memset(check.covered + row[kOffset], 1, static_cast<size_t>(bytes));
    ASAN_UNPOISON_MEMORY_REGION(check.arena + row[kOffset], static_cast<size_t>(bytes));
  }
}

void run(bool sealing) {
  fence(sealing);
  const CipherBatch batch{{check.arena, kArenaBytes, check.rows}, 0, check.rowCount, check.table};
  if (!(sealing ? check.kernel->sealBatch : check.kernel->openBatch)(check.state, batch)) fail("the kernel failed");
  ASAN_UNPOISON_MEMORY_REGION(check.arena, kArenaBytes);
  int32_t outside = 0;
  for (size_t i = 0; i < check.end; i++) outside += check.covered[i] == 0 && check.arena[i] != kFiller;
  for (int32_t i = 0; i < check.rowCount; i++) {
    const int32_t* row = check.rows + kDescriptorWords * i;
    printf("%d ", row[kFlags]);
    print(check.arena + row[kOffset], row[kLength]);
    printf("\n");
  }
  printf("outside %d\n", outside);
  memset(check.arena, kFiller, check.end);
  check.rowCount = 0;
  check.end = 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) fail("usage: kernel-check <kernel>");
  for (const CipherKernel* kernel : kCandidates) {
    if (strcmp(kernel->name, words[1]) == 0 && kernel->usable()) check.kernel = kernel;
  }
  if (check.kernel == nullptr) return 3;
  check.state = check.kernel->create();
  if (check.state == nullptr) fail("out of memory");
  memset(check.arena, kFiller, kArenaBytes);
  while (fgets(line, sizeof line, stdin) != nullptr) {
    const char* command = strtok(line, " \n");
    if (command == nullptr) continue;
    if (strcmp(command, "context") == 0) {
      addContext();
    } else if (strcmp(command, "row") == 0) {
      addRow();
    } else if (strcmp(command, "seal") == 0 || strcmp(command, "open") == 0) {
      run(command[0] == 's');
    } else {
      fail("unknown command");
    }
  }
  for (int32_t i = 0; i < check.contextCount; i++) check.kernel->forget(check.state, check.contexts[i]);
  check.kernel->destroy(check.state);
  return 0;
}
