/** Child process: reserves blocks until it is killed. Arguments: directory, block size. */
import { writeSync } from "node:fs";
import { lockFile, unlockFile } from "tun-native";
import { SequenceStore } from "../../src/daemon/sequence-store.ts";
import { createLog } from "../../src/log/logger.ts";
import { testIdentity } from "./identity.ts";

const [dir = "", size = ""] = process.argv.slice(2);
const store = SequenceStore.open({ dir, identity: testIdentity, lock: { lockFile, unlockFile }, log: createLog([]) });
for (;;) {
  const { senderId, first, end } = store.reserve(Number(size));
  // one write(2) after the reservation: what the reader saw was really handed out
  writeSync(1, `${senderId} ${first} ${end}\n`);
}
