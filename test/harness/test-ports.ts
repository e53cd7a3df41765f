/**
 * The first port of a search for free ports in tests. It is random, so that concurrent runs rarely try the same ports.
 */

/** Different from the stack's default ports, and below the system's range for outgoing connections. */
const PORTS_FROM = 20_000;
const PORTS_SPREAD = 10_000;

/** Returns a port to start the search at. It may be taken. */
export function randomTestPort(): number {
  return PORTS_FROM + Math.floor(Math.random() * PORTS_SPREAD);
}
