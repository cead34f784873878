/** Numbers as people read them. */

const BYTES = ["B", "kB", "MB", "GB", "TB", "PB"];
const BITS = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];

/** `1.21 GB` */
export function bytes(count: number): string {
  return scaled(count, BYTES);
}

/** `9.7 Mbit/s`; nothing when there is no rate. */
export function bitRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? "" : scaled(bytesPerSecond * 8, BITS);
}

/** `1,234,567` */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `now`, `0.3 s ago`, `12 s ago`, `3 min ago`, `never` */
export function ago(seconds: number | null): string {
  if (seconds === null) return "never";
  if (seconds < 0.1) return "now";
  if (seconds < 1) return `${seconds.toFixed(1)} s ago`;
  const [first = ""] = spans(seconds);
  return `${first} ago`;
}

/** The two largest units: `2 d 3 h`, `5 min 12 s`, `7 s`. */
export function duration(seconds: number): string {
  return spans(seconds).slice(0, 2).join(" ");
}

function spans(seconds: number): string[] {
  const whole = Math.floor(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first < 0 ? -1 : first)
    .filter(([value], index) => value > 0 || index === 0)
    .map(([value, unit]) => `${value} ${unit}`);
}

/** Three digits that matter. */
function scaled(value: number, units: readonly string[]): string {
  let unit = 0;
  let left = value;
  // 999.5 would be shown as 1000
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  const digits = unit === 0 || left >= 99.95 ? 0 : left >= 9.995 ? 1 : 2;
  return `${left.toFixed(digits)} ${units[unit]}`;
}
