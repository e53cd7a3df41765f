/** A state as a word with a colour. The word alone says everything; the colour only helps to find it. */
import { Badge } from '@mantine/core';

export type Tone = 'good' | 'neutral' | 'waiting' | 'bad';

const COLOURS: Record<Tone, string> = { good: 'green', neutral: 'gray', waiting: 'yellow', bad: 'red' };

export function StatusBadge({ tone, children }: { tone: Tone; children: string }) {
  return (
    <Badge color={COLOURS[tone]} variant="light" tt="none" miw="max-content">
      {children}
    </Badge>
  );
}
