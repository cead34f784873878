/** Child process: reserves blocks until it is killed. Arguments: directory, sender id, mux, block size. */
import { writeSync } from "node:fs";
import { lockFile, unlockFile } from "tun-native";
import { StoredSequenceBook } from "../../src/daemon/sequence-book.ts";
import { createLog } from "../../src/log/logger.ts";

const [dir = "", senderId = "", mux = "", size = ""] = process.argv.slice(2);
const book = StoredSequenceBook.open({
  dir,
  senderId: Number(senderId),
  hasKeys: true,
  lock: { lockFile, unlockFile },
  log: createLog([]),
});
for (;;) {
  for (const range of book.reserve([{ mux: Number(mux), count: Number(size) }])) {
    // one write(2) after the reservation: what the reader saw was really handed out
    writeSync(1, `${range.senderId} ${range.first} ${range.end}\n`);
  }
}
