/**
 * Questions that interrupt a request: sign in again, or confirm that it is you. The request waits for the answer and is sent again,
 * so that what a person entered is never lost when a session ends in the middle of a form.
 */
import { RequestFailed, isRefusal } from './problem';
import { createStore } from './store';

export type Question = 'sign_in' | 'confirm';

interface Asked {
  question: Question;
  answer: (done: boolean) => void;
}

/** The question that is open, for the dialog that shows it. */
export const asked = createStore<Asked | undefined>(undefined);
let pending: Promise<boolean> | undefined;
let signInDismissed = false;

/** Asks, and resolves with whether the person answered. Requests that fail at the same time share one question. */
function ask(question: Question): Promise<boolean> {
  pending ??= new Promise<boolean>((resolve) => {
    asked.set({
      question,
      answer: (done) => {
        pending = undefined;
        asked.set(undefined);
        if (question === 'sign_in') signInDismissed = !done;
        resolve(done);
      },
    });
  });
  return pending;
}

/**
 * Asks for a sign-in, because a read found that the session has ended. Pages read again by themselves: once the person has dismissed the
 * question, a read does not ask again until they act, or until an answer shows that there is a session.
 */
export async function askForRead(): Promise<boolean> {
  return signInDismissed ? false : ask('sign_in');
}

/** Lets reads ask again: the person tries again, or has signed in elsewhere. */
export function letReadsAsk(): void {
  signInDismissed = false;
}

/** Sends a request. When the session has ended or a confirmation is needed, asks and sends it once more. */
export async function gated<Result>(send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    const question = questionFor(error);
    if (question === undefined || !(await ask(question))) throw error;
    return send();
  }
}

function questionFor(error: unknown): Question | undefined {
  if (isRefusal(error, 'REAUTHENTICATION_REQUIRED')) return 'confirm';
  if (error instanceof RequestFailed && error.status === 401) return 'sign_in';
  return undefined;
}
