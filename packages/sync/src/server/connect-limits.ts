/**
 * Who may connect, how often and how many: decided before anything is allocated for a connection. Addresses have budgets of
 * their own, so that one that comes too often shuts out nobody else.
 */

export interface ConnectLimitOptions {
  /** Connections at the same time. */
  readonly clients: number;
  /** Of these, from one address. */
  readonly clientsPerAddress: number;
  /** New connections a second, over all addresses. */
  readonly connectsPerSecond: number;
  /** New connections a second from one address; as many again may come at once. */
  readonly connectsPerSecondPerAddress: number;
}

export const DEFAULT_CONNECT_LIMITS: ConnectLimitOptions = {
  clients: 256,
  clientsPerAddress: 64,
  connectsPerSecond: 200,
  connectsPerSecondPerAddress: 20,
};

export type RefusedConnect = "too many clients" | "too many clients of one address" | "too many connects a second";

/** Addresses whose budget is remembered; who is forgotten begins with a full one. */
const MAX_ADDRESSES = 4096;
/** A budget holds this many seconds of its rate. */
const BURST_SECONDS = 2;

/** Refills with time, pays for connects. */
interface Budget {
  tokens: number;
  atMs: number;
}

export class ConnectLimits {
  readonly #options: ConnectLimitOptions;
  readonly #total: Budget;
  /** The most recently used last. */
  readonly #budgets = new Map<string, Budget>();
  readonly #open = new Map<string, number>();
  #openTotal = 0;

  constructor(options: ConnectLimitOptions) {
    this.#options = options;
    this.#total = { tokens: options.connectsPerSecond * BURST_SECONDS, atMs: Number.NEGATIVE_INFINITY };
  }

  /** Connections that were let in and not released. */
  get open(): number {
    return this.#openTotal;
  }

  /**
   * Asks for a place; who gets one gives it back with `release`.
   * @param nowMs monotonic milliseconds
   * @returns undefined, or why there is none
   */
  take(address: string, nowMs: number): RefusedConnect | undefined {
    const { clients, clientsPerAddress, connectsPerSecond, connectsPerSecondPerAddress } = this.#options;
    // the address pays first: whoever is over his own budget takes nothing from the common one
    if (!pay(this.#budget(address, nowMs), connectsPerSecondPerAddress, nowMs)) return "too many connects a second";
    if (!pay(this.#total, connectsPerSecond, nowMs)) return "too many connects a second";
    const open = this.#open.get(address) ?? 0;
    if (open >= clientsPerAddress) return "too many clients of one address";
    if (this.#openTotal >= clients) return "too many clients";
    this.#open.set(address, open + 1);
    this.#openTotal++;
    return undefined;
  }

  release(address: string): void {
    const open = this.#open.get(address);
    if (open === undefined) return;
    if (open === 1) this.#open.delete(address);
    else this.#open.set(address, open - 1);
    this.#openTotal--;
  }

  #budget(address: string, nowMs: number): Budget {
    const { connectsPerSecondPerAddress } = this.#options;
    const budget = this.#budgets.get(address) ?? { tokens: connectsPerSecondPerAddress * BURST_SECONDS, atMs: nowMs };
    this.#budgets.delete(address);
    this.#budgets.set(address, budget);
    if (this.#budgets.size > MAX_ADDRESSES) {
      const [oldest] = this.#budgets.keys();
      if (oldest !== undefined) this.#budgets.delete(oldest);
    }
    return budget;
  }
}

function pay(budget: Budget, perSecond: number, nowMs: number): boolean {
  if (budget.atMs !== Number.NEGATIVE_INFINITY) {
    const earned = ((nowMs - budget.atMs) / 1000) * perSecond;
    budget.tokens = Math.min(budget.tokens + earned, perSecond * BURST_SECONDS);
  }
  budget.atMs = nowMs;
  if (budget.tokens < 1) return false;
  budget.tokens--;
  return true;
}
