/**
 * Loads the queues that are measured beside the product. They are a package of their own (`bench/peers/`), so that whoever
 * only uses or develops Covenant does not install them.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const requirePeer = createRequire(join(__dirname, 'peers', 'package.json'));

/** What a package of `bench/peers/` exports. Throws with what to do when it is not installed. */
export function loadPeer<T>(name: string): T {
  try {
    return requirePeer(name) as T;
  } catch (error) {
    throw new Error(`The benchmark of peers needs ${name}. Run: npm ci --prefix bench/peers`, { cause: error });
  }
}
