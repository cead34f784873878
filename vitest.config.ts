import { defineConfig } from "vitest/config";

// Files under test/interop start daemons, namespaces and transfers that are judged by the clock. They run after
// the others and at most two at once, so that a big machine does not measure its own load.
const folders = ["satp-core", "sync", "tun-native", "anytun", "nat-traverse"];
const packages = [...folders.map((name) => `packages/${name}`), "tools"];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: ["default", "./tools/vitest-skips.mjs"],
    projects: packages.flatMap((root) => {
      const name = root.replace("packages/", "");
      return [
        {
          extends: true as const,
          root,
          test: {
            name,
            include: ["test/**/*.test.ts"],
            exclude: ["test/interop/**"],
            sequence: { groupOrder: 0 },
          },
        },
        {
          extends: true as const,
          root,
          test: {
            name: `${name}:interop`,
            include: ["test/interop/**/*.test.ts"],
            maxWorkers: 2,
            testTimeout: 120_000,
            sequence: { groupOrder: 1 },
          },
        },
      ];
    }),
  },
});
