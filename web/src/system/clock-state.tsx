/** The state of a test clock. */
import { StatusBadge } from '../base/status-badge';
import type { Tone } from '../base/status-badge';
import { useTexts } from '../base/texts';
import type { TestClock } from './clock-progress';
import { clockTexts } from './texts';

const TONES: Record<TestClock['status'], Tone> = { ready: 'good', advancing: 'waiting', failed: 'bad' };

export function ClockState({ status }: Pick<TestClock, 'status'>) {
  const t = useTexts(clockTexts);
  return <StatusBadge tone={TONES[status]}>{t(status)}</StatusBadge>;
}
