// What travels on the underlay, as UDP datagrams with their addresses.
import type { Host } from "./host.ts";
import { PcapReader, type UdpDatagram } from "./pcap.ts";
import type { Program } from "./program.ts";
import { waitUntil } from "./wait-until.ts";

export class Capture {
  /** In the order seen. Grows while the capture runs. */
  readonly datagrams: UdpDatagram[] = [];
  readonly #tcpdump: Program;

  private constructor(tcpdump: Program) {
    this.#tcpdump = tcpdump;
  }

  /** Fulfilled when the capture listens, so that nothing sent afterwards is missed. */
  static async start(host: Host, device: string, filter: string): Promise<Capture> {
    const quick = ["--immediate-mode", "-U", "-B", "65536", "-Z", "root"];
    const tcpdump = host.spawn("tcpdump", ["-i", device, "-n", "-s", "0", ...quick, "-w", "-", filter]);
    const capture = new Capture(tcpdump);
    const reader = new PcapReader((datagram) => capture.datagrams.push(datagram));
    tcpdump.rawOutput((chunk) => reader.push(chunk));
    await tcpdump.waitFor(/listening on/);
    return capture;
  }

  /** Waits until at least `count` datagrams that satisfy `wanted` were seen. @throws LabError `timeout` */
  async waitFor(count: number, wanted: (datagram: UdpDatagram) => boolean = () => true): Promise<UdpDatagram[]> {
    const look = (): UdpDatagram[] | undefined => {
      const seen = this.datagrams.filter(wanted);
      return seen.length >= count ? seen : undefined;
    };
    return waitUntil(look, { what: `${count} captured datagrams` });
  }

  /** Datagrams that the kernel had no room to record; known after {@link stop}. */
  get dropped(): number {
    return Number(/(\d+) packets? dropped by kernel/.exec(this.#tcpdump.stderr)?.[1] ?? 0);
  }

  /** Ends the capture after everything seen so far was delivered. Idempotent. */
  async stop(): Promise<UdpDatagram[]> {
    await this.#tcpdump.stop("SIGINT");
    return this.datagrams;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
