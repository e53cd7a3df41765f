/** What an operation on licenses does or did: the counts, and the outcome of each license. */
import { Anchor, Group, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { DownloadButton } from '../base/download-button';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { formatNumber } from '../base/instants';
import { useLanguage, useTexts } from '../base/texts';
import type { BulkKind, Counts, Outcome } from './bulk-requests';
import { bulkTexts } from './bulk-texts';

/** Outcomes that are none are left out. */
export function OutcomeCounts({ kind, counts }: { kind: BulkKind; counts: Counts }) {
  const t = useTexts(bulkTexts);
  const language = useLanguage();
  const shown = (count: number) => count > 0 && formatNumber(count, language);
  return (
    <Facts
      label={t('outcomes')}
      rows={[
        [t(kind === 'assign' ? 'count.assign' : 'count.done'), formatNumber(counts.done, language)],
        [t('count.moved'), shown(counts.moved)],
        [t('count.unchanged'), shown(counts.unchanged)],
        [t('count.conflict'), shown(counts.conflict)],
        [t('count.not_available'), shown(counts.not_available)],
      ]}
    />
  );
}

/** Those that are not changed stand first: they need a person. */
export function OutcomeTable({ outcomes }: { outcomes: readonly Outcome[] }) {
  const t = useTexts(bulkTexts);
  if (outcomes.length === 0) return null;
  const ordered = [...outcomes].sort((a, b) => Number(a.outcome === 'done') - Number(b.outcome === 'done'));
  return (
    <ScrollArea.Autosize
      mah="35vh"
      type="auto"
      viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('outcomes') }}
    >
      <Table stickyHeader aria-label={t('outcomes')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t('license')}</Table.Th>
            <Table.Th scope="col">{t('outcome')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ordered.map((outcome) => (
            <Table.Tr key={outcome.license_id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <LicenseId outcome={outcome} />
              </Table.Td>
              <Table.Td>
                <OutcomeWords outcome={outcome} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

export function LicenseId({ outcome: { license_id, reason } }: { outcome: Outcome }) {
  if (reason === 'not_found') return <bdi>{license_id}</bdi>;
  return (
    <Anchor component={Link} to={`/licenses/${license_id}`}>
      {license_id}
    </Anchor>
  );
}

export function OutcomeWords({ outcome: { outcome, reason, other_customer_id } }: { outcome: Outcome }) {
  const t = useTexts(bulkTexts);
  return (
    <Text span size="sm">
      {t(outcome)}
      {reason && `: ${t(reason)}`}
      {other_customer_id && (
        <>
          {' · '}
          <EntityName kind="customer" id={other_customer_id} />
        </>
      )}
    </Text>
  );
}

/** Leads to the page of a stored operation, and to the file of what it could not change. */
export function OperationLinks({ id }: { id: string }) {
  const t = useTexts(bulkTexts);
  return (
    <Group gap="sm">
      <Anchor component={Link} to={`/license-operations/${id}`} size="sm">
        {t('outcomes.page')}
      </Anchor>
      <DownloadButton size="xs" href={`/api/v1/license-operations/${id}/outcomes.csv`}>
        {t('outcomes.csv')}
      </DownloadButton>
    </Group>
  );
}

/** The result as it stands in the dialog. */
export function ResultSummary({ kind, counts, outcomes }: { kind: BulkKind; counts: Counts; outcomes: readonly Outcome[] }) {
  return (
    <Stack gap="sm">
      <OutcomeCounts kind={kind} counts={counts} />
      <OutcomeTable outcomes={outcomes} />
    </Stack>
  );
}
