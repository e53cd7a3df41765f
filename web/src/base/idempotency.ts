/** The idempotency key of a form: a repetition of the same request has the same key, a corrected request has another one. */
import { useRef } from 'react';
import { newIdempotencyKey } from './client';

/** Returns the key for an input. Repeated calls with an equal input, while the form is open, give the same key. */
export function useIdempotencyKey(): (input: unknown) => string {
  const keys = useRef(new Map<string, string>());
  return (input) => {
    const text = JSON.stringify(input ?? null);
    const key = keys.current.get(text) ?? newIdempotencyKey();
    keys.current.set(text, key);
    return key;
  };
}
