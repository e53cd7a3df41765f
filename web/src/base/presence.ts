/**
 * Stops reading again and again while no person is at the screen. Each request continues the session, so a page that follows its data would
 * keep it from ending after its time without use. With the next key or movement, everything that is shown is read again.
 */
import { focusManager } from '@tanstack/react-query';

/** Shorter than the shortest useful time-out of a session. */
const ABSENT_AFTER_MS = 5 * 60_000;
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/** Called once, when the pages start. */
export function pausePollingWithoutPerson(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let absent = false;
  const isHere = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      absent = true;
      // The library stops its intervals in a window without focus.
      focusManager.setFocused(false);
    }, ABSENT_AFTER_MS);
    if (!absent) return;
    absent = false;
    focusManager.setFocused(undefined);
  };
  for (const sign of SIGNS) window.addEventListener(sign, isHere, { passive: true, capture: true });
  isHere();
}
