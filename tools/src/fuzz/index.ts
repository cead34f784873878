/** Makes datagrams for attacks on a tunnel: seeded, from real ones. */
export { DatagramFuzzer, type Mutation } from "./datagram-fuzzer.ts";
export { Random } from "./random.ts";
