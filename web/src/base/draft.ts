/**
 * Keeps the input of a form in this tab, so that a reload or a sign-in on another site does not lose it. The draft is removed when
 * the page is left within the application, since the person was asked then. A draft belongs to the admin who wrote it: another one who
 * signs in in this tab does not get it.
 */
import { useEffect, useState } from 'react';

/** Whose draft it is, and of which form. */
interface DraftName {
  admin_id: string;
  form: string;
}

const PREFIX = 'covenant-draft ';

/** Stores the input after each change; undefined, which means that there is nothing to keep, removes the draft. */
export function useDraft<Values>({ admin_id, form }: DraftName, input: Values | undefined): void {
  const key = draftKey(admin_id, form);
  const text = input === undefined ? undefined : JSON.stringify(input);
  useEffect(() => {
    if (text === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  }, [key, text]);
  useEffect(() => () => sessionStorage.removeItem(key), [key]);
}

/** The draft that a reload left behind, or undefined. It is read once, before it is stored again. */
export function useFoundDraft<Values>({ admin_id, form }: DraftName): Values | undefined {
  const [found] = useState(() => {
    const text = sessionStorage.getItem(draftKey(admin_id, form));
    if (text === null) return undefined;
    try {
      return JSON.parse(text) as Values;
    } catch {
      return undefined;
    }
  });
  return found;
}

/** Removes all drafts of this tab, for a sign-out. */
export function removeDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

function draftKey(admin_id: string, form: string): string {
  return `${PREFIX}${admin_id} ${form}`;
}
