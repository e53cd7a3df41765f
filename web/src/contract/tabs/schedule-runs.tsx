/** The newest runs of a schedule. They are read when a person asks for them. */
import { Anchor, Button, Group, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../../base/client';
import { Instant } from '../../base/instant';
import { formatNumber } from '../../base/instants';
import { ProblemAlert } from '../../base/problem-alert';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import { PlainTable } from './plain-table';
import { scheduleTexts } from './schedule-texts';

interface ScheduleRunsProps {
  contract_id: string;
  schedule_id: string;
  zone: string;
}

const RUNS_SHOWN = 50;

export function ScheduleRuns({ contract_id, schedule_id, zone }: ScheduleRunsProps) {
  const t = useTexts(scheduleTexts);
  const nameOf = useNames(scheduleTexts);
  const language = useLanguage();
  const [opened, { toggle }] = useDisclosure(false);
  const path = { id: contract_id, schedule_id };
  const runs = useQuery({
    queryKey: ['contract', contract_id, 'schedules', schedule_id, 'runs'],
    queryFn: ({ signal }) => {
      const params = { path, query: { limit: RUNS_SHOWN } };
      return read(api.GET('/api/v1/contracts/{id}/schedules/{schedule_id}/runs', { params, signal }));
    },
    enabled: opened,
  });
  return (
    <>
      <Group>
        <Button size="xs" variant="subtle" onClick={toggle} aria-expanded={opened}>
          {t('runs')}
        </Button>
      </Group>
      {opened && runs.isError && <ProblemAlert error={runs.error} onRetry={() => void runs.refetch()} />}
      {opened && runs.data?.data.length === 0 && <Text size="sm">{t('runs.none')}</Text>}
      {opened && runs.data && runs.data.data.length > 0 && (
        <PlainTable label={t('runs')} headers={[t('run'), t('run.outcome'), t('run.licenses')]}>
          {runs.data.data.map((run) => (
            <Table.Tr key={run.due_at}>
              <Table.Td>
                <Instant at={run.due_at} zone={zone} />
              </Table.Td>
              <Table.Td>
                {nameOf(run.outcome, 'outcome.')}
                {run.code && ` (${run.code})`}
              </Table.Td>
              <Table.Td>
                {run.job_id ? (
                  <Anchor component={Link} to={`/jobs/${run.job_id}`}>
                    {formatNumber(run.licenses, language)}
                  </Anchor>
                ) : (
                  formatNumber(run.licenses, language)
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </>
  );
}
