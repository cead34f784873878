/** Child process: reserves blocks until it is killed or has enough. Arguments: directory, block size, number of blocks. */
import { writeSync } from "node:fs";
import { lockFile, unlockFile } from "tun-native";
import { SequenceStore } from "../../src/daemon/sequence-store.ts";
import { createLog } from "../../src/log/logger.ts";
import { testIdentity } from "./identity.ts";

const [dir = "", size = "", blocks = ""] = process.argv.slice(2);
const store = SequenceStore.open({ dir, identity: testIdentity, lock: { lockFile, unlockFile }, log: createLog([]) });
for (let i = 0; i < Number(blocks); i++) {
  const { senderId, first, end } = store.reserve(Number(size));
  // one write(2) after the reservation: what the reader saw was really handed out
  writeSync(1, `${senderId} ${first} ${end}\n`);
}
store.close();
