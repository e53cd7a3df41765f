/**
 * Keeps the input of a form in this tab, so that a reload or a sign-in on another site does not lose it. The draft is removed when
 * the page is left within the application, since the person was asked then.
 */
import { useEffect, useState } from 'react';

/** Stores the input after each change; undefined, which means that there is nothing to keep, removes the draft. */
export function useDraft<Values>(name: string, input: Values | undefined): void {
  const key = draftKey(name);
  const text = input === undefined ? undefined : JSON.stringify(input);
  useEffect(() => {
    if (text === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  }, [key, text]);
  useEffect(() => () => sessionStorage.removeItem(key), [key]);
}

/** The draft that a reload left behind, or undefined. It is read once, before it is stored again. */
export function useFoundDraft<Values>(name: string): Values | undefined {
  const [found] = useState(() => {
    const text = sessionStorage.getItem(draftKey(name));
    if (text === null) return undefined;
    try {
      return JSON.parse(text) as Values;
    } catch {
      return undefined;
    }
  });
  return found;
}

function draftKey(name: string): string {
  return `covenant-draft ${name}`;
}
