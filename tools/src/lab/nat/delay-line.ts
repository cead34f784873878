// A long network: what the kernel routes into the devices `path0` and `path1` comes out of them again, so much later.
// `delay-line.js MILLISECONDS`; says "ready" when both are there. For kernels without netem.
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

const delayMs = Number(process.argv[2]);
// Not a dependency: tun-native is tested with this package.
const file = fileURLToPath(new URL("../../../../packages/tun-native/dist/index.js", import.meta.url));
const addon: unknown = await import(file);

function openDevice(name: string): Duplex {
  const made: unknown =
    typeof addon === "object" && addon !== null && "Tun" in addon && typeof addon.Tun === "function"
      ? Reflect.construct(addon.Tun, [{ name }])
      : undefined;
  if (made instanceof Duplex) return made;
  throw new TypeError(`${file} has no Tun`);
}

for (const name of ["path0", "path1"]) {
  const device = openDevice(name);
  device.on("data", (packet: Buffer) => {
    const due = performance.now() + delayMs;
    // A timer may be up to a millisecond early.
    setTimeout(() => device.write(packet), Math.ceil(due - performance.now()));
  });
}
console.log("ready");
