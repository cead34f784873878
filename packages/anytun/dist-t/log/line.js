const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LEVEL_NAMES = {
  1: "ERROR",
  2: "WARNING",
  3: "NOTICE",
  4: "INFO",
  5: "DEBUG",
};
/**
 * @param time milliseconds since the epoch
 * @returns the line with its newline
 */
export function formatLine(time, level, text) {
  return `${formatTime(new Date(time))} ${LEVEL_NAMES[level]}: ${printable(text)}\n`;
}
function formatTime(date) {
  const day = `${date.getFullYear()}-${MONTHS[date.getMonth()]}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
function two(value) {
  return value < 10 ? `0${value}` : `${value}`;
}
/**
 * Text from outside (host names, script output) must not forge lines or steer a terminal:
 * control characters other than the tab are shown as `\xNN`.
 */
export function printable(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
//# sourceMappingURL=line.js.map
