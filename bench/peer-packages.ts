/**
 * Loads the job queues that are compared with the product. They are in a separate package (`bench/peers/`), so that
 * using or developing Covenant does not install them.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const requirePeer = createRequire(join(__dirname, 'peers', 'package.json'));

/**
 * Returns the exports of a package of `bench/peers/`. Throws an error that says what to do when it is not installed.
 */
export function loadPeer<T>(name: string): T {
  try {
    return requirePeer(name) as T;
  } catch (error) {
    throw new Error(`The benchmark of peers needs ${name}. Run: npm ci --prefix bench/peers`, { cause: error });
  }
}
