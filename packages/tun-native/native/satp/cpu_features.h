// What the processor can do and the operating system lets us use, asked once per cipher object.
#pragma once

namespace tun_native {

// AES-NI, SSE4.1 and SHA-NI.
bool hasAesAndSha();

// What hasAesAndSha() needs, and VAES with AVX-512 F, BW, VL.
bool hasWideAesAndSha();

// The AES and SHA1 instructions of ARMv8.
bool hasArmAesAndSha();

}  // namespace tun_native
