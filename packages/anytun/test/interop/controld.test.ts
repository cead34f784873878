/** anytun-controld as a daemon: its way into the background, its pid file, its life without root and in a jail. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, type RunResult, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const at = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
const LISTEN = "127.0.0.1:2399";

describe("anytun-controld", requires("root"), () => {
  let lab: Lab;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.host("server");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const controld = (...words: readonly string[]): Promise<RunResult> =>
    host.run(process.execPath, [at("anytun-controld"), ...words]);
  /** Adds a client to the table, which only root can read. */
  const add = (mux: number): Promise<string> => {
    const words = `-m ${mux} -k null -R 10.${mux}.0.0/16`;
    return host.check("sh", [
      "-c",
      `umask 077; cd /run; "${process.execPath}" "${at("anytun-config")}" ${words} >>table`,
    ]);
  };
  const shown = async (route: RegExp): Promise<void> => {
    const tables = host.spawn(process.execPath, [at("anytun-showtables"), "--connect", LISTEN]);
    await tables.waitFor(route);
    await tables.stop("SIGKILL");
  };
  const stop = (): Promise<string> =>
    host.check("sh", ["-c", "kill $(cat /run/pid); while [ -e /run/pid ]; do sleep 0.05; done"]);

  it("listens when its caller returns, with its number in the pid file, and a second one is refused", async () => {
    await add(1);
    // paths begin where it was started
    const started = await host.run("sh", [
      "-c",
      `cd /run && exec "${process.execPath}" "${at("anytun-controld")}" -f table -X ${LISTEN} -P pid -L file:3,log`,
    ]);
    expect(started).toEqual({ status: 0, stdout: "", stderr: "" });
    await shown(/Route: 10\.1\.0\.0\/16 -> 1/);
    expect(await host.check("sh", ["-c", "cat /proc/$(cat /run/pid)/comm; readlink /proc/$(cat /run/pid)/cwd"])).toBe(
      "anytun-controld\n/\n",
    );
    const second = await controld("-f", "/run/table", "-X", "127.0.0.1:2398", "-P", "/run/pid");
    expect(second).toMatchObject({ status: 255, stderr: expect.stringContaining("/run/pid") });
    await stop();
  });

  it.each<[string[], RegExp]>([
    [["-f", "/nonexistent"], /unable to open file: No such file or directory/],
    [["-f", "/run/table", "-X", "192.0.2.99:1"], /cannot listen on 192\.0\.2\.99/],
    [["-f", "/run/table", "-u", "nobody-here"], /unknown user nobody-here/],
    [["-f", "/run/table", "-C", "/nonexistent"], /chroot directory/],
    [["-f", "/run/table", "-P", "/nonexistent/pid"], /\/nonexistent\/pid/],
  ])("tells its caller why it cannot start: %j", async (words, text) => {
    await add(1);
    expect(await controld(...words)).toMatchObject({ status: 255, stderr: expect.stringMatching(text) });
  });

  it("reads its table again without root and from a jail", async () => {
    await host.check("sh", ["-c", "rm -f /run/table; mkdir -p /run/jail"]);
    await add(1);
    const words = [
      "-f",
      "/run/table",
      "-X",
      LISTEN,
      "-P",
      "/run/pid",
      "-u",
      "nobody",
      "-C",
      "/run/jail",
      "-L",
      "file:3,/run/log",
    ];
    expect(await controld(...words)).toMatchObject({ status: 0 });
    const process = await host.check("sh", [
      "-c",
      "grep -E '^(Uid|CapEff)' /proc/$(cat /run/pid)/status; readlink /proc/$(cat /run/pid)/root",
    ]);
    expect(process).toMatch(/Uid:\s+65534\s.*\nCapEff:\s+0{16}\n\/run\/jail\n/);
    await add(2);
    // by itself
    await shown(/Route: 10\.2\.0\.0\/16 -> 2/);
    await add(3);
    await host.check("sh", ["-c", "kill -HUP $(cat /run/pid)"]);
    await shown(/Route: 10\.3\.0\.0\/16 -> 3/);
    await stop();
    expect(await host.check("cat", ["/run/log"])).toMatch(/dropped privileges to nobody.*SIG-Term caught, exiting/s);
  });
});
