/** Long activities tell the server that they are alive for as long as they work, and no longer. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { withHeartbeat } from '../../activities/base/heartbeat';

const BEATS = 3;

function quietActivity(info: { heartbeatTimeoutMs?: number }): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
}

test('an activity with a heartbeat time-out beats until its work is done', async () => {
  const activity = quietActivity({ heartbeatTimeoutMs: 30 });
  const beaten = new Promise<string>((resolve) => {
    let beats = 0;
    activity.on('heartbeat', () => (beats += 1) === BEATS && resolve('done'));
  });
  expect(await activity.run(() => withHeartbeat(beaten))).toBe('done');
});

test('the work’s own error is the activity’s, and nothing beats afterwards', async () => {
  const pending = jest.spyOn(global, 'clearTimeout');
  const activity = quietActivity({ heartbeatTimeoutMs: 60_000 });
  await expect(activity.run(() => withHeartbeat(Promise.reject(new Error('it broke'))))).rejects.toThrow('it broke');
  expect(pending).toHaveBeenCalledTimes(1);
  pending.mockRestore();
});

test('without a time-out, and outside of an activity, it only waits', async () => {
  const timers = jest.spyOn(global, 'setTimeout');
  expect(await quietActivity({}).run(() => withHeartbeat(Promise.resolve('done')))).toBe('done');
  expect(await withHeartbeat(Promise.resolve('done'))).toBe('done');
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});
