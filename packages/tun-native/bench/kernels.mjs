// For programs: the names of the kernels that this machine can run, the default first (`--names`), or what they cost
// (`--all`), as JSON.
import { loadBinding } from "../dist/load-binding.js";
import { measureKernels } from "./cipher-kernels.mjs";

const names = process.argv[2] === "--names";
console.log(JSON.stringify(names ? loadBinding().cipherKernels() : measureKernels()));
