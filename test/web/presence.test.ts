/** Polling continues a session, so it stops when no person is there. */
import { focusManager } from '@tanstack/react-query';
import { pausePollingWithoutPerson } from '../../web/src/base/presence';

test('lists are not read again after five minutes without a key or a movement, and at once with the next one', () => {
  jest.useFakeTimers();
  const page = new EventTarget();
  Object.assign(globalThis, { window: page });
  try {
    pausePollingWithoutPerson();
    jest.advanceTimersByTime(4 * 60_000);
    page.dispatchEvent(new Event('keydown'));
    jest.advanceTimersByTime(4 * 60_000);
    expect(focusManager.isFocused()).toBe(true);
    jest.advanceTimersByTime(60_000);
    expect(focusManager.isFocused()).toBe(false);
    const seen = jest.fn();
    const unsubscribe = focusManager.subscribe(seen);
    page.dispatchEvent(new Event('pointermove'));
    expect(seen).toHaveBeenCalledWith(true);
    unsubscribe();
  } finally {
    jest.useRealTimers();
    Reflect.deleteProperty(globalThis, 'window');
  }
});
