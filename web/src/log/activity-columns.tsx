/** The columns of every list of changes: of the installation, and of one contract. */
import { Anchor, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Column } from '../base/data-table';
import { Instant } from '../base/instant';
import type { components } from '../base/interface';
import { useNames, useTexts } from '../base/texts';
import { DifferenceList } from './difference-list';
import { subjectPage } from './subject-page';
import type { Subject } from './subject-page';
import { logTexts } from './texts';

type AuditEvent = components['schemas']['AuditEvent'];

/** `zone`: that of the contract, in its own list. */
export function useActivityColumns(zone?: string): Column<AuditEvent>[] {
  const t = useTexts(logTexts);
  return [
    { id: 'at', header: t('at'), cell: ({ at }) => <Instant at={at} zone={zone} /> },
    {
      id: 'actor',
      header: t('actor'),
      cell: ({ actor }) => (
        <Stack gap={0}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <bdi>{actor.name}</bdi>
          </Text>
          <Text size="xs" c="dimmed">
            {t(`actor.${actor.type}`)}
            {actor.ip !== undefined && ` · ${actor.ip}`}
          </Text>
        </Stack>
      ),
    },
    { id: 'action', header: t('action'), cell: ({ action }) => <code>{action}</code> },
    { id: 'subject', header: t('subject'), cell: ({ subject }) => <SubjectLink subject={subject} /> },
    {
      id: 'changes',
      header: t('changes'),
      cell: ({ before, after, reason }) => (
        <Stack gap={2}>
          {reason !== null && (
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              <bdi>{reason}</bdi>
            </Text>
          )}
          <DifferenceList before={before} after={after} />
        </Stack>
      ),
    },
    { id: 'request', header: t('request'), optional: true, cell: ({ request_id }) => request_id ?? '–' },
  ];
}

function SubjectLink({ subject }: { subject: Subject }) {
  const nameOf = useNames(logTexts);
  const page = subjectPage(subject);
  const label = nameOf(subject.type, 'subject.');
  return (
    <Stack gap={0}>
      {page === undefined ? (
        <Text size="sm">{label}</Text>
      ) : (
        <Anchor component={Link} to={page}>
          {label}
        </Anchor>
      )}
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {subject.id}
      </Text>
    </Stack>
  );
}
