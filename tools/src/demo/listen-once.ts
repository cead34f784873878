// Stands where the other end of the tunnel will be and shows the first datagram of a given length that arrives, as
// hexadecimal text: what anyone on the path between the two hosts can see. `listen-once.js PORT BYTES`
import { createSocket } from "node:dgram";

const socket = createSocket("udp4");
socket.on("message", (bytes) => {
  if (bytes.length !== Number(process.argv[3])) return;
  console.log(`datagram ${bytes.toString("hex")}`);
  socket.close();
});
socket.bind(Number(process.argv[2]), () => console.log("listening"));
