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

const asked = createStore<Asked | undefined>(undefined);
let pending: Promise<boolean> | undefined;

/** Asks, and resolves with whether the person answered. Requests that fail at the same time share one question. */
export function ask(question: Question): Promise<boolean> {
  pending ??= new Promise<boolean>((resolve) => {
    asked.set({
      question,
      answer: (done) => {
        pending = undefined;
        asked.set(undefined);
        resolve(done);
      },
    });
  });
  return pending;
}

/** The question that is open, for the dialog that shows it. */
export const useQuestion = asked.use;

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
