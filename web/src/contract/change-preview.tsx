/** Shows what a dry run changes: each value before and after. */
import { Alert, Skeleton, Stack, Table, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Instant } from '../base/instant';
import { formatLocalDate, formatNumber } from '../base/instants';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useNames, useTexts } from '../base/texts';
import { actionTexts } from './action-texts';
import { codeTexts } from './code-texts';
import { contractDifferences } from './contract-difference';
import type { Difference } from './contract-difference';
import type { Contract } from './states';

interface ChangePreviewProps {
  before?: Contract | undefined;
  trial: UseQueryResult<Contract>;
}

export function ChangePreview({ before, trial }: ChangePreviewProps) {
  const t = useTexts(actionTexts);
  if (trial.isError) return <ProblemAlert error={trial.error} />;
  if (trial.data === undefined) return <Skeleton height={72} aria-label={t('preview.loading')} />;
  return <Differences before={before} after={trial.data} stale={trial.isPlaceholderData} />;
}

interface DifferencesProps {
  before?: Contract | undefined;
  after: Contract;
  stale?: boolean;
}

export function Differences({ before, after, stale = false }: DifferencesProps) {
  const t = useTexts(actionTexts);
  const differences = contractDifferences(before, after);
  if (before && differences.length === 0) return <Alert color="gray">{t('preview.unchanged')}</Alert>;
  return (
    <Stack gap={4} aria-busy={stale} aria-live="polite" opacity={stale ? 0.6 : 1}>
      <Text size="sm" fw={600}>
        {t(before ? 'preview.title' : 'preview.new')}
      </Text>
      <Table aria-label={t(before ? 'preview.title' : 'preview.new')} verticalSpacing={4} withTableBorder>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t('preview.field')}</Table.Th>
            {before && <Table.Th scope="col">{t('preview.before')}</Table.Th>}
            <Table.Th scope="col">{t(before ? 'preview.after' : 'preview.value')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {differences.map((difference) => (
            <Table.Tr key={difference.name}>
              <Table.Th scope="row" fw={400}>
                {t(`difference.${difference.name}`)}
              </Table.Th>
              {before && (
                <Table.Td>
                  <Value {...difference} value={difference.before} zone={before.timezone} />
                </Table.Td>
              )}
              <Table.Td>
                <Value {...difference} value={difference.after} zone={after.timezone} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function Value({ kind, value, zone }: Pick<Difference, 'kind'> & { value: unknown; zone: string }): ReactNode {
  const t = useTexts(actionTexts);
  const language = useLanguage();
  const codeName = useNames(codeTexts);
  if (value === null || value === undefined) return <Text c="dimmed">–</Text>;
  if (kind === 'number') return formatNumber(value as number, language);
  if (kind === 'instant') return <Instant at={value as string} zone={zone} />;
  if (kind === 'day') return formatLocalDate(value as string, language);
  if (kind === 'code') return codeName(value as string);
  if (kind === 'codes') return (value as string[]).map((code) => codeName(code)).join(', ');
  if (kind === 'flag') return t(value ? 'on' : 'off');
  return <bdi style={{ overflowWrap: 'anywhere' }}>{value as string}</bdi>;
}
