/**
 * Where the search for free ports begins in tests, so that runs side by side seldom look at the same ones.
 */

/** Far from the stack's own ports, and below those that the system gives to outgoing connections. */
const PORTS_FROM = 20_000;
const PORTS_SPREAD = 10_000;

/** A port to begin with; not necessarily a free one. */
export function randomTestPort(): number {
  return PORTS_FROM + Math.floor(Math.random() * PORTS_SPREAD);
}
