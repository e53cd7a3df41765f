/** Long activities send heartbeats while they work, and none afterwards. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { withHeartbeat } from '../../activities/base/heartbeat';

const BEATS = 3;

function quietActivity(info: { heartbeatTimeoutMs?: number }): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
}

test('an activity with a heartbeat time-out sends heartbeats until its work is done', async () => {
  const activity = quietActivity({ heartbeatTimeoutMs: 30 });
  const beaten = new Promise<string>((resolve) => {
    let beats = 0;
    activity.on('heartbeat', () => (beats += 1) === BEATS && resolve('done'));
  });
  expect(await activity.run(() => withHeartbeat(beaten))).toBe('done');
});

test('the activity throws the error of its work, and sends no heartbeat afterwards', async () => {
  const pending = jest.spyOn(global, 'clearTimeout');
  const activity = quietActivity({ heartbeatTimeoutMs: 60_000 });
  await expect(activity.run(() => withHeartbeat(Promise.reject(new Error('it broke'))))).rejects.toThrow('it broke');
  expect(pending).toHaveBeenCalledTimes(1);
  pending.mockRestore();
});

test('without a heartbeat time-out, and outside an activity, it only waits', async () => {
  const timers = jest.spyOn(global, 'setTimeout');
  expect(await quietActivity({}).run(() => withHeartbeat(Promise.resolve('done')))).toBe('done');
  expect(await withHeartbeat(Promise.resolve('done'))).toBe('done');
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});
