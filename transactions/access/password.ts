/**
 * Hashes of passwords: Argon2id with the parameters that OWASP recommends at least (19 MiB, two passes).
 *
 * A check always costs one hash, also for an account that does not exist or has no password, so that its duration says nothing.
 */
import type { Algorithm } from '@node-rs/argon2';
import { normalizedPassword } from '../../domain/access/password';

/** `Algorithm.Argon2id`. The enumeration of the library exists only for the compiler. */
const ARGON2ID = 2 as Algorithm;
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashes at the same time in one process: each takes a thread of the pool that files and look-ups of names use too. */
const HASHES_MAX = 2;
/** Checks that wait. */
const WAITING_MAX = 100;
/** What a password of an account without one is compared with: a hash of random bytes, with the parameters above. */
const NO_PASSWORD = '$argon2id$v=19$m=19456,t=2,p=1$nm6/bRJ4O5qG2U/MjCwT3Q$Hz/uW0voUVzkg9T5uHviY83dcfdeewb/EkxvdNq1pxk';

let running = 0;
const waiting: (() => void)[] = [];

/** So many passwords are being checked that this one would wait too long. */
export class PasswordsBusy extends Error {}

export async function hashPassword(password: string): Promise<string> {
  return inTurn(async () => (await import('@node-rs/argon2')).hash(normalizedPassword(password), PARAMETERS));
}

/** Whether a password is that of a stored hash. Without one, it is compared with another hash, and the result is false. */
export async function isPasswordOf(password: string, stored: string | undefined): Promise<boolean> {
  const matches = await inTurn(async () =>
    (await import('@node-rs/argon2')).verify(stored ?? NO_PASSWORD, normalizedPassword(password)),
  );
  return matches && stored !== undefined;
}

async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (running >= HASHES_MAX) {
    if (waiting.length >= WAITING_MAX) throw new PasswordsBusy('too many passwords are being checked');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await run();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
