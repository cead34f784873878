import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { MetricsServer } from "../../src/metrics/metrics-server.ts";
import type { MetricsText } from "../../src/metrics/metrics-text.ts";
import { memoryLog } from "../support/memory-log.ts";

async function serve(
  text: () => Promise<MetricsText | undefined>,
  now: () => number = () => 0,
): Promise<MetricsServer> {
  const server = await MetricsServer.open({ host: "127.0.0.1", port: 0, log: memoryLog().log, now, text });
  onTestFinished(() => server.close());
  return server;
}

const metrics: MetricsText = { contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" };

describe("the metrics server", () => {
  it("answers GET and HEAD of /metrics and nothing else", async () => {
    const { address } = await serve(async () => metrics);
    const got = async (path: string, method = "GET") => {
      const response = await fetch(`http://${address}${path}`, { method });
      return [response.status, await response.text(), response.headers.get("content-type")];
    };
    expect(await got("/metrics")).toEqual([200, "up 1\n", metrics.contentType]);
    expect(await got("/metrics?name[]=x")).toEqual([200, "up 1\n", metrics.contentType]);
    expect(await got("/metrics", "HEAD")).toEqual([200, "", metrics.contentType]);
    expect((await got("/"))[0]).toBe(404);
    expect((await got("/metrics/x"))[0]).toBe(404);
    expect((await got("/metrics", "POST"))[0]).toBe(405);
  });

  it("says why it has nothing to say", async () => {
    let round = 0;
    let time = 0;
    const { address } = await serve(
      async () => {
        if (round++ === 0) return undefined;
        throw new Error("the interface is gone");
      },
      () => time,
    );
    const first = await fetch(`http://${address}/metrics`);
    expect([first.status, await first.text()]).toEqual([503, "the tunnel has just ended\n"]);
    time = 1000;
    const second = await fetch(`http://${address}/metrics`);
    expect([second.status, await second.text()]).toEqual([500, "the interface is gone\n"]);
  });

  it("looks once for all who ask within a second", async () => {
    let looks = 0;
    let time = 0;
    const { address } = await serve(
      async () => ({ ...metrics, text: `looks ${++looks}\n` }),
      () => time,
    );
    const got = async () => (await fetch(`http://${address}/metrics`)).text();
    expect(new Set(await Promise.all(Array.from({ length: 10 }, got)))).toEqual(new Set(["looks 1\n"]));
    time = 999;
    expect(await got()).toBe("looks 1\n");
    time = 1000;
    expect(await got()).toBe("looks 2\n");
  });

  it("refuses what is no request, and more connections than it serves", async () => {
    const { address } = await serve(async () => metrics);
    const [host = "", port] = address.split(":");
    const garbage = connect({ host, port: Number(port) });
    garbage.write("x".repeat(20_000));
    const [answer] = await once(garbage, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 4\d\d/);
    const sockets = Array.from({ length: 40 }, () =>
      connect({ host, port: Number(port) }).on("error", () => undefined),
    );
    await new Promise<void>((resolve) => {
      let closed = 0;
      for (const socket of sockets) socket.on("close", () => ++closed >= 20 && resolve());
    });
    for (const socket of sockets) socket.destroy();
  });

  it("ends with its connections, twice if need be", async () => {
    const server = await serve(() => new Promise(() => undefined));
    const waiting = request(`http://${server.address}/metrics`).on("error", () => undefined);
    waiting.end();
    const ended = new Promise((resolve) => waiting.once("close", resolve));
    await new Promise((resolve) => waiting.once("finish", resolve));
    await Promise.all([server.close(), server.close()]);
    await ended;
  });

  it("names the option when the address is taken", async () => {
    const { address } = await serve(async () => metrics);
    const port = Number(address.split(":")[1]);
    const again = MetricsServer.open({
      host: "127.0.0.1",
      port,
      log: memoryLog().log,
      now: () => 0,
      text: async () => metrics,
    });
    await expect(again).rejects.toThrow(`--metrics 127.0.0.1:${port}: Address already in use (EADDRINUSE)`);
  });
});
