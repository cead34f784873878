/** Whatever the order in which nodes hear of a peer's places, they agree on the newest one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SimulatedLink, SimulatedNode, turn } from "../../support/simulated-node.ts";

const MUX = 7;
const NODES = 3;
const hosts = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] as const;

type Step =
  | { readonly do: "hear"; readonly node: number; readonly host: number }
  /** TCP connections outlive a partition: what is told waits. */
  | { readonly do: "stall" | "flow"; readonly links: readonly boolean[] }
  | { readonly do: "cut" | "connect"; readonly links: readonly boolean[] };

const links = fc.array(fc.boolean(), { minLength: NODES * (NODES - 1), maxLength: NODES * (NODES - 1) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("hear" as const), node: fc.nat(NODES - 1), host: fc.nat(hosts.length - 1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("stall" as const, "flow" as const), links }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "connect" as const), links }) },
);

class World {
  readonly time = { nowMs: 0 };
  readonly nodes = Array.from({ length: NODES }, (_, id) => new SimulatedNode(id + 1, this.time, [MUX]));
  readonly links = this.nodes.flatMap((server) =>
    this.nodes.filter((client) => client !== server).map((client) => new SimulatedLink(server, client)),
  );
  readonly #stalled = new Set<SimulatedLink>();
  readonly #random: () => number;
  newest: string | undefined;

  /** @param random which message arrives next */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Everything that can arrive does, in any order. */
  async settle(): Promise<void> {
    for (;;) {
      const ready = this.links.filter((link) => link.waiting.length > 0 && !this.#stalled.has(link));
      if (ready.length === 0) {
        await turn();
        if (this.links.every((link) => link.waiting.length === 0 || this.#stalled.has(link))) return;
        continue;
      }
      ready[Math.floor(this.#random() * ready.length)]?.deliver();
      if (this.#random() < 0.3) await turn();
    }
  }

  /** Some seconds go by. */
  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.time.nowMs += 1000;
      for (const node of this.nodes) node.tick();
      await this.settle();
    }
  }

  async run(what: Step): Promise<void> {
    if (what.do === "hear") {
      const host = hosts[what.host] ?? hosts[0];
      this.time.nowMs += 7;
      this.nodes[what.node]?.hear(MUX, host);
      this.newest = `${host}:4444`;
    } else {
      for (const [at, link] of this.links.entries()) {
        if (what.links[at] !== true) continue;
        if (what.do === "stall") this.#stalled.add(link);
        if (what.do === "flow") this.#stalled.delete(link);
        if (what.do === "cut") link.cut();
        if (what.do === "connect") link.connect();
      }
    }
    await this.settle();
  }

  async heal(): Promise<void> {
    this.#stalled.clear();
    for (const link of this.links) link.connect();
    await this.settle();
    await this.pass(3);
  }

  close(): void {
    for (const node of this.nodes) node.close();
  }
}

describe("nodes that are told of a peer's places", () => {
  it("agree on the newest, whatever was cut, and whatever waited for how long", async () => {
    const run = fc.record({ step, seconds: fc.integer({ min: 0, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(run, { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (steps, order) => {
          const world = new World(() => Number(order.next().value));
          await world.heal();
          let sequences = world.nodes.map((node) => node.connections.get(MUX)?.sequence ?? 0);
          for (const { step: one, seconds } of steps) {
            await world.run(one);
            await world.pass(seconds);
            const now = world.nodes.map((node) => node.connections.get(MUX)?.sequence ?? 0);
            for (const [at, sequence] of now.entries()) expect(sequence).toBeGreaterThanOrEqual(sequences[at] ?? 0);
            sequences = now;
          }
          await world.heal();
          expect(world.nodes.map((node) => node.table(MUX))).toEqual(world.nodes.map(() => world.newest));
          expect(world.nodes.map((node) => node.at(MUX))).toEqual(world.nodes.map(() => world.newest));
          world.close();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
