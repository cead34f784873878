/** Facilities of the system log by name (RFC 3164 section 4.1.1), those that the original knows. */
const FACILITIES = {
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type SyslogFacility = keyof typeof FACILITIES;

export const facilityNames: readonly string[] = Object.keys(FACILITIES);

export function isFacility(name: string): name is SyslogFacility {
  return Object.hasOwn(FACILITIES, name);
}

/** The number in a line's priority. */
export function facilityNumber(name: SyslogFacility): number {
  return FACILITIES[name];
}
