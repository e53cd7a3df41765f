/** The licenses of a contract: how many there are, where they are listed, and their files. */
import { Button, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { roleCovers, useSession } from '../../access/session';
import { DownloadButton, fileAddress } from '../../base/download-button';
import { Facts } from '../../base/facts';
import { formatNumber } from '../../base/instants';
import { useLanguage, useTexts } from '../../base/texts';
import type { HistoryTabProps } from '../tab-props';
import { historyTexts } from './history-texts';
import { Section } from './section';

const POOL_COUNTS = ['available', 'expiring', 'held', 'assigned', 'suspended', 'expired', 'revoked'] as const;

export default function LicensesTab({ id, contract }: HistoryTabProps) {
  const t = useTexts(historyTexts);
  const language = useLanguage();
  const mayExport = roleCovers(useSession().admin.role, 'operator');
  const pool = contract?.pool;
  const list = (
    <Button component={Link} to="/licenses" search={{ contract_id: id } as never}>
      {t('licenses.open')}
    </Button>
  );
  return (
    <Section
      title={t('licenses')}
      actions={
        <>
          {list}
          {mayExport && (
            <>
              <DownloadButton href={fileAddress('/api/v1/licenses.csv', { contract_id: id })}>
                {t('licenses.export')}
              </DownloadButton>
              <DownloadButton href={`/api/v1/contracts/${id}/report.csv`}>{t('licenses.report')}</DownloadButton>
            </>
          )}
        </>
      }
    >
      <Text>{contract ? t('licenses.count', { count: contract.quota.generated }) : t('licenses.of_deleted')}</Text>
      <Text size="sm" c="dimmed">
        {t('licenses.report_text')}
      </Text>
      {pool && (
        <Section title={t('pool')}>
          <Facts
            label={t('pool')}
            rows={POOL_COUNTS.map((name) => [t(`pool.${name}`), formatNumber(pool[name], language)])}
          />
        </Section>
      )}
    </Section>
  );
}
