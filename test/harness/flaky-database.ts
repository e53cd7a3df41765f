/**
 * A database that performs every statement, but sometimes reports an error instead of the result, as if the answer was
 * lost.
 *
 * Answers of single statements and of whole transactions are lost. The choice is seeded, so that a failure is
 * reproducible.
 */
import type { Database } from '../../db/base/database';

export interface FlakyOptions {
  seed: number;
  /** The share of lost answers, from 0 to 1. */
  lost_share: number;
}

/** The database and the number of lost answers. */
export interface FlakyDatabase {
  db: Database;
  lost(): number;
}

/** The driver's error when a connection gives no answer for too long. */
class AnswerLost extends Error {
  readonly code = 'ETIMEDOUT';
}

export function createFlakyDatabase(real: Database, options: FlakyOptions): FlakyDatabase {
  const random = seededRandom(options.seed);
  let lost = 0;

  function loseSomeAnswers<T>(answer: T): T {
    if (random() >= options.lost_share) return answer;
    lost += 1;
    throw new AnswerLost('the write was performed and its answer lost');
  }

  const db = new Proxy(real, {
    apply(target, _self, given: unknown[]) {
      const query = Reflect.apply(target, undefined, given) as object;
      // The same function also creates values and identifiers. Only a template is a query or a fragment.
      if (!Array.isArray(given[0]) || !('raw' in given[0])) return query;
      // A query is sent when it is awaited, and a fragment never is. So the answer is lost in `then`.
      const pending = query as PromiseLike<unknown>;
      const wait = pending.then.bind(pending);
      return Object.assign(query, {
        then: (...handlers: Parameters<typeof wait>) => wait(loseSomeAnswers).then(...handlers),
      });
    },
    get(target, name) {
      if (name !== 'begin') return Reflect.get(target, name) as unknown;
      return (...given: unknown[]) =>
        (Reflect.apply(target.begin, target, given) as Promise<unknown>).then(loseSomeAnswers);
    },
  });
  return { db, lost: () => lost };
}

/** Returns pseudo-random numbers from 0 to 1: a linear congruential generator modulo 2³². */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
