import { describe, expect, it } from "vitest";
import { ServiceManager } from "../../src/host/service-manager.ts";
import { Watchdog } from "../../src/host/watchdog.ts";
import { until } from "../support/until.ts";

function manager(variables: Record<string, string | undefined>, connect: (path: string) => void = () => {}) {
  const sent: string[] = [];
  const complaints: string[] = [];
  const it = new ServiceManager({
    variables,
    pids: [10, 11],
    connect: (path) => {
      connect(path);
      return { send: (bytes) => void sent.push(Buffer.from(bytes).toString()), close: () => {} };
    },
    complain: (text) => void complaints.push(text),
    monotonic: () => 123456n,
  });
  return { it, sent, complaints, variables };
}

describe("a service manager", () => {
  it("hears what happens, and its variables are nobody else's", () => {
    const paths: string[] = [];
    const { it, sent, variables } = manager(
      { NOTIFY_SOCKET: "@abstract", WATCHDOG_USEC: "3000000", OTHER: "1" },
      (path) => paths.push(path),
    );
    expect(variables).toEqual({ OTHER: "1" });
    expect(paths).toEqual(["@abstract"]);
    expect(it.watchdogMs).toBe(3000);
    it.ready(10, "tun0 is up");
    it.reloading();
    it.status("x");
    it.alive();
    it.stopping();
    expect(sent).toEqual([
      "READY=1\nMAINPID=10\nSTATUS=tun0 is up",
      "RELOADING=1\nMONOTONIC_USEC=123456\nSTATUS=reloading",
      "STATUS=x",
      "WATCHDOG=1",
      "STOPPING=1\nSTATUS=stopping",
    ]);
  });

  it.each<[Record<string, string>, number | undefined]>([
    [{ WATCHDOG_USEC: "2000", WATCHDOG_PID: "10" }, 2],
    [{ WATCHDOG_USEC: "2000", WATCHDOG_PID: "11" }, 2],
    [{ WATCHDOG_USEC: "2000", WATCHDOG_PID: "12" }, undefined],
    [{ WATCHDOG_USEC: "0" }, undefined],
    [{ WATCHDOG_USEC: "x" }, undefined],
    [{}, undefined],
  ])("watches as it says: %j", (variables, ms) => {
    expect(manager({ NOTIFY_SOCKET: "/run/notify", ...variables }).it.watchdogMs).toBe(ms);
  });

  it("that is not there is no matter, and one that cannot be reached is said once", () => {
    expect(manager({ WATCHDOG_USEC: "2000" }).it.watchdogMs).toBeUndefined();
    expect(manager({ NOTIFY_SOCKET: "relative" }).complaints).toEqual([]);
    const { it, complaints } = manager({ NOTIFY_SOCKET: "/run/notify" }, () => {
      throw new Error("nobody listens");
    });
    it.ready(1, "up");
    expect(complaints).toEqual(["the service manager cannot be told: nobody listens"]);
  });
});

describe("the watchdog", () => {
  it("is fed as long as the data plane answers, and not longer", async () => {
    let fed = 0;
    let asked = 0;
    let answers = true;
    const watchdog = new Watchdog(
      { watchdogMs: 10, alive: () => void fed++ },
      {
        ping: () => {
          asked++;
          return answers ? Promise.resolve(true) : new Promise(() => {});
        },
      },
    );
    await until(() => fed >= 3);
    answers = false;
    const before = asked;
    await until(() => asked > before);
    const last = fed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(fed).toBe(last);
    watchdog.close();
  });
});
