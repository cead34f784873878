// What the processor can do and the operating system lets us use, asked once per cipher object.
#pragma once

namespace tun_native {

// AES-NI, SSE4.1 and SHA-NI.
bool hasAesAndSha();

// What hasAesAndSha() needs, BMI2, and VAES with AVX2.
bool hasPairedAesAndSha();

// What hasAesAndSha() needs, BMI2, and VAES with AVX-512 F, BW, VL.
bool hasWideAesAndSha();

// AES-NI, BMI2 and AVX-512 F, BW, VL; neither VAES nor SHA-NI.
bool hasAesAndAvx512();

// AES-NI, BMI2 and AVX2; neither VAES nor SHA-NI.
bool hasAesAndAvx2();

// Of processors that have SHA-NI: whether several messages in the lanes of vectors are faster. A packet of 1,400 bytes takes
// 860 ns with eight lanes of AVX2 and 1,360 with these instructions on Intel's, 600 and 500 on AMD's.
bool prefersLanes();

// The AES and SHA1 instructions of ARMv8.
bool hasArmAesAndSha();

}  // namespace tun_native
