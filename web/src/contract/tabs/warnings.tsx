/** The warnings of a contract in words: what is wrong, and what to do about it. */
import { Alert, Stack } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { formatLocalDate } from '../../base/instants';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { warningTexts } from './warning-texts';

export function Warnings({ contract }: TabProps) {
  const t = useTexts(warningTexts);
  const nameOf = useNames(warningTexts);
  const language = useLanguage();
  const { warnings, quota, billing, renewal } = contract;
  if (warnings.length === 0) return null;
  const day = (date: string | null) => (date === null ? '' : formatLocalDate(date, language));
  const values = {
    runs_out_on: day(quota.runs_out_on),
    suspends_on: day(billing.suspends_on),
    low_water: contract.low_water,
    blocked: nameOf(renewal.blocked ?? '', 'blocked.'),
  };
  return (
    <Stack gap="xs" component="section" aria-label={t('warnings')}>
      {warnings.map((warning) => (
        <Alert
          key={warning}
          color="yellow"
          icon={<IconAlertTriangle aria-hidden />}
          title={nameOf(warning)}
          styles={{ message: { overflowWrap: 'anywhere' } }}
        >
          {t(`${warning}.text`, values)}
        </Alert>
      ))}
    </Stack>
  );
}
