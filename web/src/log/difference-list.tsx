/** The differences of an entry of the audit as a list: field, before, after. */
import { Text } from '@mantine/core';
import { useTexts } from '../base/texts';
import { differences, valueText } from './differences';
import { logTexts } from './texts';

interface DifferenceListProps {
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}

export function DifferenceList({ before, after }: DifferenceListProps) {
  const t = useTexts(logTexts);
  const rows = differences(before, after);
  if (rows.length === 0) return null;
  return (
    <Text size="sm" component="ul" m={0} pl="md" style={{ overflowWrap: 'anywhere' }}>
      {rows.map(({ field, before: old, after: changed }) => (
        <li key={field}>
          <code>{field}</code>:{' '}
          {old !== undefined && (
            <>
              <del>
                <bdi>{valueText(old)}</bdi>
              </del>
              {' → '}
            </>
          )}
          <bdi>{changed === undefined ? t('removed') : valueText(changed)}</bdi>
        </li>
      ))}
    </Text>
  );
}
