/** Lines of sixteen bytes: offset, hexadecimal, printable characters. At most `lines` of them. */
export function hexDump(bytes: Uint8Array, lines: number): string[] {
  const shown: string[] = [];
  for (let at = 0; at < bytes.length && shown.length < lines; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."));
    const halves = `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`;
    shown.push(`${at.toString(16).padStart(4, "0")}  ${halves.padEnd(48)}  ${text.join("")}`);
  }
  const rest = bytes.length - shown.length * 16;
  if (rest > 0) shown.push(`…     ${rest} more bytes`);
  return shown;
}
