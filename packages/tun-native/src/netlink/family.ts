/** Address families as the kernel numbers them on Linux. */
export const AF_INET = 2;
export const AF_INET6 = 10;

export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}
