import { describe, expect, it } from "vitest";
import { ConnectLimits } from "../../src/index.ts";

const options = { clients: 6, clientsPerAddress: 4, connectsPerSecond: 20, connectsPerSecondPerAddress: 5 };

describe("limits on connects", () => {
  it("an address has as many places as it may have, and gets them back", () => {
    const limits = new ConnectLimits(options);
    for (let i = 0; i < 4; i++) expect(limits.take("a", 0)).toBeUndefined();
    expect(limits.take("a", 0)).toBe("too many clients of one address");
    expect(limits.take("b", 0)).toBeUndefined();
    limits.release("a");
    expect(limits.open).toBe(4);
    expect(limits.take("a", 0)).toBeUndefined();
  });

  it("all together have no more than the total", () => {
    const limits = new ConnectLimits(options);
    for (const address of ["a", "b", "c", "d", "e", "f"]) expect(limits.take(address, 0)).toBeUndefined();
    expect(limits.take("g", 0)).toBe("too many clients");
    expect(limits.open).toBe(6);
  });

  it("who comes too often shuts out nobody else", () => {
    const limits = new ConnectLimits({ ...options, clients: 1000, clientsPerAddress: 1000 });
    let refused = 0;
    for (let i = 0; i < 10_000; i++) if (limits.take("flood", i / 10) !== undefined) refused++;
    expect(refused).toBeGreaterThan(9980);
    expect(limits.take("other", 1000)).toBeUndefined();
  });

  it("a budget comes back with time", () => {
    const limits = new ConnectLimits(options);
    for (let i = 0; i < 10; i++) {
      expect(limits.take("a", 0)).toBe(i < 4 ? undefined : "too many clients of one address");
    }
    expect(limits.take("a", 0)).toBe("too many connects a second");
    for (let i = 0; i < 4; i++) limits.release("a");
    expect(limits.take("a", 200)).toBeUndefined();
    expect(limits.take("a", 200)).toBe("too many connects a second");
  });

  it("many addresses together keep to the common rate", () => {
    const limits = new ConnectLimits({ ...options, clients: 100_000 });
    let taken = 0;
    for (let i = 0; i < 5000; i++) if (limits.take(`address ${i}`, 0) === undefined) taken++;
    expect(taken).toBe(40);
  });

  it("releasing what was never taken changes nothing", () => {
    const limits = new ConnectLimits(options);
    limits.release("a");
    expect(limits.open).toBe(0);
  });
});
