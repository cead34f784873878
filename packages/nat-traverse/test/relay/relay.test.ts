import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketKind } from "../../src/wire.ts";
import { type EndOptions, RelayEndpoint, relayPair, Timeline } from "../support/relay-pair.ts";

const toOriginal: EndOptions = { isPeerRelay: false };

/** A relay alone, against a peer that only takes data. */
function alone(options: EndOptions = toOriginal): { end: RelayEndpoint; clock: Timeline; run: (ms: number) => void } {
  const clock = new Timeline();
  const end = new RelayEndpoint(clock, () => [], options);
  return { end, clock, run: (ms) => clock.run(ms, [end]) };
}

describe("a relay to an original", () => {
  it("sends each read as one datagram, as long as the original reads", () => {
    const { end } = alone();
    end.type("one\n");
    end.type("x".repeat(8_192));
    expect(end.sent.map((datagram) => datagram.length)).toEqual([4, 8_192]);
  });

  it("cuts longer reads where no path cuts", () => {
    const { end } = alone();
    end.type("x".repeat(8_193));
    expect(end.sent.map((datagram) => datagram.length)).toEqual([...Array(8).fill(1_000), 193]);
  });

  it("sends nothing of its own accord, ever", () => {
    const { end, run } = alone({ ...toOriginal, stays: true });
    end.type("x");
    run(3_600_000);
    end.endInput();
    run(3_600_000);
    end.relay.stop();
    expect(end.controls).toEqual([]);
    expect(end.sent.length).toBe(1);
  });

  it("ends with its input", () => {
    const { end } = alone();
    end.type("last words");
    end.endInput();
    expect(end).toMatchObject({ end: "input-ended", sent: { length: 1 } });
  });

  it("writes what came before it ends", () => {
    const { end, run } = alone({ ...toOriginal, readerRate: 1 });
    end.receive({ data: Buffer.from("hundred bytes ".padEnd(100)) });
    end.endInput();
    run(99);
    expect(end.end).toBeUndefined();
    run(2);
    expect(end.end).toBe("input-ended");
  });

  it("can stay, and receives", () => {
    const { end, run } = alone({ ...toOriginal, stays: true });
    end.endInput();
    run(60_000);
    end.receive({ data: Buffer.from("later") });
    expect(end).toMatchObject({ end: undefined, text: "later" });
  });

  it("sends again what the kernel refused for an earlier datagram's sake", () => {
    const { end } = alone();
    end.answers = ["refused"];
    end.type("once");
    expect(end.sent.map(String)).toEqual(["once"]);
  });

  it("keeps what does not fit, in order", () => {
    const { end, run } = alone();
    end.answers = ["sent", "full", "full"];
    for (const word of ["a", "b", "c"]) end.type(word);
    expect(end.sent.map(String)).toEqual(["a"]);
    run(10);
    expect(end.sent.map(String)).toEqual(["a", "b", "c"]);
  });

  it("survives a refusal, and a few in one moment", () => {
    const { end, clock, run } = alone();
    for (let i = 0; i < 5; i++) end.relay.refused(clock.now);
    run(5_000);
    end.receive({ data: Buffer.from("I am here") });
    end.relay.refused(clock.now);
    expect(end.end).toBeUndefined();
  });

  it("gives up when refusals go on", () => {
    const { end, clock, run } = alone();
    for (let i = 0; i < 3; i++) {
      end.type("anybody?");
      end.relay.refused(clock.now);
      run(600);
    }
    expect(end.end).toBe("refused");
  });

  it("gives up when the network stays away, and had kept what was to be sent", () => {
    const { end, run } = alone();
    end.answers = Array(50).fill("unreachable");
    end.type("x");
    run(700);
    expect(end).toMatchObject({ end: undefined, sent: [] });
    run(700);
    expect(end.end).toBe("unreachable");
  });

  it("goes on when the network comes back", () => {
    const { end, run } = alone();
    end.answers = Array(6).fill("unreachable");
    end.type("x");
    end.endInput();
    run(1_000);
    expect(end).toMatchObject({ end: "input-ended", sent: { length: 1 } });
  });

  it("keeps to a rate", () => {
    const { end, run, clock } = alone({ ...toOriginal, bytesPerSecond: 100_000 });
    end.type("x".repeat(60_000));
    const begun = clock.now;
    end.endInput();
    while (end.end === undefined && clock.now < begun + 10_000) run(1);
    // the first 16 KiB go at once
    expect(clock.now - begun).toBeGreaterThan(400);
    expect(clock.now - begun).toBeLessThan(500);
  });
});

describe("two relays", () => {
  it("carry both directions", () => {
    const { left, right, run } = relayPair();
    left.type("ping\n");
    run(10);
    right.type("pong\n");
    run(10);
    expect([left.text, right.text]).toEqual(["pong\n", "ping\n"]);
  });

  it("end when both inputs have ended, and not before", () => {
    const { left, right, run } = relayPair();
    left.type("question");
    left.endInput();
    run(60_000);
    expect(right).toMatchObject({ text: "question", isOutputEnded: true, end: undefined });
    expect(left).toMatchObject({ isOutputEnded: false, end: undefined });
    right.type("answer");
    right.endInput();
    run(100);
    expect([left.end, right.end]).toEqual(["done", "done"]);
    expect(left.text).toBe("answer");
  });

  it("end at once where there was never any input", () => {
    const { left, right, run } = relayPair();
    left.endInput();
    right.endInput();
    run(100);
    expect([left.end, right.end]).toEqual(["done", "done"]);
  });

  it.each([
    ["loses every second packet", (n: number) => (n % 2 === 0 ? [] : [10])],
    ["loses three of four packets", (n: number) => (n % 4 === 3 ? [10] : [])],
    ["doubles every packet", () => [10, 35]],
    ["reorders", (n: number) => [10 + (n % 3) * 40]],
  ])("agree on their end when the network %s", (_, path) => {
    const { left, right, run } = relayPair({ path });
    left.endInput();
    run(500);
    right.endInput();
    run(30_000);
    expect([left.end, right.end]).toEqual(["done", "done"]);
  });

  it("lose no data to an end of input that overtook it", () => {
    const { left, right, run } = relayPair({ path: (n) => [n === 1 ? 200 : 10] });
    left.type("slow");
    left.endInput();
    run(100);
    expect(right.isOutputEnded).toBe(false);
    run(200);
    expect(right).toMatchObject({ text: "slow", isOutputEnded: true });
  });

  it("do not wait long for data that is lost", () => {
    const { left, right, run } = relayPair({ path: (n) => (n === 1 ? [] : [10]) });
    left.type("lost");
    left.endInput();
    run(1_000);
    expect(right).toMatchObject({ text: "", isOutputEnded: true });
  });

  it("end when the other is stopped", () => {
    const { left, right, run } = relayPair();
    left.relay.stop();
    run(50);
    expect(right.end).toBe("peer-stopped");
  });

  it("end when the other is silent, four intervals of its own", () => {
    const { left, right, run } = relayPair({ left: { keepaliveSeconds: 5 } });
    run(60_000);
    left.isAlive = false;
    run(14_000);
    expect(right.end).toBeUndefined();
    run(7_000);
    expect(right.end).toBe("peer-silent");
  });

  it("keep the way open, and only while nothing else does", () => {
    const { left, run } = relayPair({ left: { keepaliveSeconds: 25 } });
    run(100_000);
    expect(left.controls.filter((kind) => kind === PacketKind.keepalive).length).toBe(1 + 4);
    const busy = relayPair();
    for (let second = 0; second < 100; second++) {
      busy.left.type(".");
      busy.run(1_000);
    }
    expect(busy.left.controls.filter((kind) => kind === PacketKind.keepalive).length).toBe(1);
  });

  it("send no signs of life where none are wanted, and miss none", () => {
    const { left, right, run } = relayPair({ left: { keepaliveSeconds: 0 }, right: { keepaliveSeconds: 0 } });
    run(3_600_000);
    expect(left.controls).toEqual([PacketKind.keepalive]);
    expect(right.end).toBeUndefined();
  });

  it("notice soon that the other is gone when the network says so", () => {
    const { left, right, run, clock } = relayPair();
    run(20);
    right.isAlive = false;
    left.relay.refused(clock.now);
    for (let i = 0; i < 20; i++) {
      const before = left.controls.length;
      run(100);
      if (left.controls.length > before) left.relay.refused(clock.now);
    }
    expect(left.end).toBe("refused");
  });

  it("take a refusal for the end when everything was done", () => {
    const { left, right, run, clock } = relayPair();
    right.endInput();
    run(20);
    right.isAlive = false;
    left.endInput();
    left.relay.refused(clock.now);
    expect(left.end).toBe("done");
  });

  it("wait for a slow reader instead of filling its kernel's queue", () => {
    const megabyte = "0123456789abcdef".repeat(65_536);
    const { left, right, run } = relayPair({ right: { readerRate: 100 } });
    let at = 0;
    let most = 0;
    let read = 0;
    for (let ms = 0; ms < 15_000; ms += 5) {
      while (!left.isInputPaused && at < megabyte.length) {
        left.type(megabyte.slice(at, at + 16_384));
        at += 16_384;
      }
      run(5);
      read = Math.min(right.outputBytes, read + 500);
      most = Math.max(most, left.sent.length * 1_000 - read);
    }
    expect(right.text).toBe(megabyte);
    // what is under way never exceeds the room that the receiver told
    expect(most).toBeLessThan(100 * 1_024);
    expect(right.isPeerPaused).toBe(false);
  });

  it("go on filling when marks and answers are lost", () => {
    const text = "0123456789".repeat(30_000);
    const { left, right, run } = relayPair({ path: (n) => (n % 3 === 1 ? [] : [5]) });
    let at = 0;
    for (let ms = 0; ms < 60_000 && at < text.length; ms += 10) {
      while (!left.isInputPaused && at < text.length) {
        left.type(text.slice(at, at + 8_192));
        at += 8_192;
      }
      run(10);
    }
    left.endInput();
    run(5_000);
    expect(right.isOutputEnded).toBe(true);
    const { lostDatagrams, sentDatagrams } = left.relay.counters;
    expect(sentDatagrams).toBeGreaterThan(300);
    expect(right.relay.counters.receivedDatagrams).toBeGreaterThan(180);
    expect(lostDatagrams).toBeGreaterThan(50);
  });

  it("never write what was not sent, whatever the network does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 3 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 10 }),
        (delays, lengths) => {
          const path = (n: number): readonly number[] => delays[n % delays.length] ?? [];
          const { left, right, run } = relayPair({ path });
          for (const [index, length] of lengths.entries()) {
            left.type(String.fromCharCode(97 + index).repeat(length));
            run(20);
          }
          left.endInput();
          run(60_000);
          const sent = new Set(left.sent.map(String));
          expect(right.output.map(String).filter((datagram) => !sent.has(datagram))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
