/** Limits failed attempts to sign in, of an account and of an address (domain/access/sign-in.ts). */
import { createHash } from 'node:crypto';
import { SIGN_IN_WINDOW_MINUTES } from '../../domain/access/sign-in';
import type { SignInLimits } from '../../domain/access/sign-in';
import { SIGN_IN_BUCKETS, countAttempts, uncountAttempt } from '../../db/access/sign-in-attempt';
import type { Sql } from '../../db/base/database';

/** Where an attempt is counted. */
export interface Attempt {
  /** The client of the request: an IPv4 address or an IPv6 network. */
  client: string;
  /** The e-mail address of a sign-in by password. */
  email?: string | undefined;
}

export interface SignInLimit {
  /** Counts an attempt before it is judged; returns the seconds to wait, and 0 when it may be judged. */
  begin(attempt: Attempt): Promise<number>;
  /** Takes an attempt back that succeeded. */
  succeed(attempt: Attempt): Promise<void>;
}

export function createSignInLimit(sql: Sql, limits: SignInLimits): SignInLimit {
  return {
    async begin(attempt) {
      const buckets = bucketsOf(attempt);
      const counts = new Map(
        (await countAttempts(sql, Object.values(buckets), SIGN_IN_WINDOW_MINUTES)).map((count) => [
          count.bucket,
          count,
        ]),
      );
      const waits = Object.entries(buckets).map(([kind, bucket]) => {
        const count = counts.get(bucket);
        return count !== undefined && count.attempts > limits[kind as keyof SignInLimits] ? count.seconds_left : 0;
      });
      return Math.max(...waits);
    },
    succeed: (attempt) => uncountAttempt(sql, Object.values(bucketsOf(attempt))),
  };
}

function bucketsOf({ client, email }: Attempt): Partial<Record<keyof SignInLimits, number>> & { address: number } {
  const address = bucketOf(`address ${client}`);
  return email === undefined ? { address } : { address, account: bucketOf(`account ${email.toLowerCase()}`) };
}

/** Two bytes of a hash. */
function bucketOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt16BE(0) % SIGN_IN_BUCKETS;
}
