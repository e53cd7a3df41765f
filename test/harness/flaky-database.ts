/**
 * A database that does what it is told and then sometimes says that it did not: the answer was lost on the way.
 *
 * What commits by itself is concerned, single statements and whole transactions; seeded, so that a failure repeats.
 */
import type { Database } from '../../db/base/database';

export interface FlakyOptions {
  seed: number;
  /** Which share of the answers is lost, from 0 to 1. */
  lost_share: number;
}

/** The database with its losses, and how many there were. */
export interface FlakyDatabase {
  db: Database;
  lost(): number;
}

/** What the driver reports when a connection is silent for too long. */
class AnswerLost extends Error {
  readonly code = 'ETIMEDOUT';
}

export function createFlakyDatabase(real: Database, options: FlakyOptions): FlakyDatabase {
  const random = seededRandom(options.seed);
  let lost = 0;

  function loseSome<T>(answer: T): T {
    if (random() >= options.lost_share) return answer;
    lost += 1;
    throw new AnswerLost('the write was performed and its answer lost');
  }

  const db = new Proxy(real, {
    apply(target, _self, given: unknown[]) {
      const query = Reflect.apply(target, undefined, given) as object;
      // Values and identifiers come through the same function; only a template is a query, or a fragment of one.
      if (!Array.isArray(given[0]) || !('raw' in given[0])) return query;
      // A query is sent when somebody waits for it, a fragment never is: so the loss belongs to the waiting.
      const pending = query as PromiseLike<unknown>;
      const wait = pending.then.bind(pending);
      return Object.assign(query, {
        then: (...handlers: Parameters<typeof wait>) => wait(loseSome).then(...handlers),
      });
    },
    get(target, name) {
      if (name !== 'begin') return Reflect.get(target, name) as unknown;
      return (...given: unknown[]) => (Reflect.apply(target.begin, target, given) as Promise<unknown>).then(loseSome);
    },
  });
  return { db, lost: () => lost };
}

/** Numbers from 0 to 1 that are the same for the same seed: a linear congruence modulo 2³². */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
