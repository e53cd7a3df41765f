/** API access of a contract: its key, its address, what its rates still allow, and which calls were refused. */
import { Alert, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../base/client';
import { CopyText } from '../../base/copy-text';
import { Facts } from '../../base/facts';
import { Instant } from '../../base/instant';
import { formatNumber } from '../../base/instants';
import type { components } from '../../base/interface';
import { ProblemAlert } from '../../base/problem-alert';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { ApiKeyFacts } from './api-key-facts';
import { apiTexts } from './api-texts';
import { PlainTable } from './plain-table';
import { Section } from './section';

type Usage = components['schemas']['ContractUsage'];

/** Rates change with each call of the partner. */
const READ_INTERVAL_MS = 10_000;

export default function ApiAccessTab({ contract }: TabProps) {
  const t = useTexts(apiTexts);
  const { id, api_access } = contract;
  const usage = useQuery({
    queryKey: ['contract', id, 'usage'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts/{id}/usage', { params: { path: { id } }, signal })),
    refetchInterval: READ_INTERVAL_MS,
  });
  return (
    <Stack gap="xl">
      <Section title={t('access')}>
        {!api_access.enabled && <Alert color="gray">{t('disabled')}</Alert>}
        <Facts
          label={t('access')}
          rows={[[t('endpoint'), <CopyText key="endpoint" text={api_access.endpoint_url} />]]}
        />
        <ApiKeyFacts contract={contract} />
      </Section>
      {usage.isError && <ProblemAlert error={usage.error} onRetry={() => void usage.refetch()} />}
      {usage.data && (
        <>
          <Rates usage={usage.data} />
          <Refusals usage={usage.data} zone={contract.timezone} />
        </>
      )}
    </Stack>
  );
}

function Rates({ usage: { rate_limits, last_call_at } }: { usage: Usage }) {
  const t = useTexts(apiTexts);
  const nameOf = useNames(apiTexts);
  const language = useLanguage();
  return (
    <Section title={t('rates')}>
      <Text size="sm">
        {t('last_call')}: <Instant at={last_call_at} />
      </Text>
      {rate_limits.length === 0 ? (
        <Text size="sm">{t('rates.none')}</Text>
      ) : (
        <PlainTable label={t('rates')} headers={[t('window'), t('used'), t('remaining'), t('limit'), t('reset')]}>
          {rate_limits.map(({ unit, window, used, remaining, limit, reset }) => (
            <Table.Tr key={`${unit} ${window}`}>
              <Table.Td>{nameOf(`${unit}.${window}`, 'window.')}</Table.Td>
              <Table.Td>{formatNumber(used, language)}</Table.Td>
              <Table.Td>{formatNumber(remaining, language)}</Table.Td>
              <Table.Td>{formatNumber(limit, language)}</Table.Td>
              <Table.Td>
                <Instant at={reset} />
              </Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}

function Refusals({ usage: { refusals }, zone }: { usage: Usage; zone: string }) {
  const t = useTexts(apiTexts);
  const nameOf = useNames(apiTexts);
  const language = useLanguage();
  return (
    <Section title={t('refusals')}>
      {refusals.length === 0 ? (
        <Text size="sm">{t('refusals.none')}</Text>
      ) : (
        <PlainTable label={t('refusals')} headers={[t('refusal'), t('calls'), t('last_refused')]}>
          {refusals.map(({ code, calls, last_minute }) => (
            <Table.Tr key={code}>
              <Table.Td>{nameOf(code, 'refusal.')}</Table.Td>
              <Table.Td>{formatNumber(calls, language)}</Table.Td>
              <Table.Td>
                <Instant at={last_minute} zone={zone} />
              </Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}
