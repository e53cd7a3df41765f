/** The question for a sign-in comes once: reads that repeat by themselves do not ask a person again who has dismissed it. */
import { asked, askForRead, gated, letReadsAsk } from '../../web/src/base/gate';
import { RequestFailed } from '../../web/src/base/problem';

const refused = () => Promise.reject(new RequestFailed(401, undefined));

async function dismiss(request: Promise<unknown>): Promise<void> {
  await new Promise(setImmediate);
  asked.get()?.answer(false);
  await request.catch(() => undefined);
}

test('after a dismissal, a read asks only when the person tried again, and a write asks each time', async () => {
  await dismiss(askForRead());
  expect(await askForRead()).toBe(false);
  expect(asked.get()).toBeUndefined();

  const write = gated(refused);
  await new Promise(setImmediate);
  expect(asked.get()?.question).toBe('sign_in');
  await dismiss(write);
  expect(await askForRead()).toBe(false);

  letReadsAsk();
  const read = askForRead();
  expect(asked.get()?.question).toBe('sign_in');
  asked.get()?.answer(true);
  expect(await read).toBe(true);
});
