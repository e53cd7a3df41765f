/** The changed fields of an audit event, each with its value before and after. */
import { Stack, Text } from '@mantine/core';
import { changedFields } from './changed-fields';
import type { Fields } from './changed-fields';
import { auditTexts } from './audit-texts';
import { useTexts } from '../../base/texts';

/** A longer value is cut; the whole of it stands in the title. */
const CHARS_MAX = 120;

export function Differences({ before, after }: { before: Fields | null; after: Fields | null }) {
  const t = useTexts(auditTexts);
  const fields = changedFields(before, after);
  if (fields.length === 0) return <>–</>;
  return (
    <Stack gap={2}>
      {fields.map(({ name, from, to }) => (
        <Text size="sm" key={name} style={{ overflowWrap: 'anywhere' }}>
          <code>{name}</code>:{' '}
          {from !== undefined && (
            <>
              <Text span td="line-through" c="dimmed" inherit title={from}>
                {cut(from)}
              </Text>{' '}
              <span aria-label={t('becomes')} role="img">
                →
              </span>{' '}
            </>
          )}
          {to === undefined ? t('removed') : <bdi title={to}>{cut(to)}</bdi>}
        </Text>
      ))}
    </Stack>
  );
}

function cut(text: string): string {
  return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text;
}
