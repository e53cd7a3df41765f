/** What was changed on a license, from what to what, by whom and why. */
import { Anchor, Button, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { Instant } from '../base/instant';
import { ProblemAlert } from '../base/problem-alert';
import { useNames, useTexts } from '../base/texts';
import { auditTexts } from '../contract/tabs/audit-texts';
import { Differences } from '../contract/tabs/differences';
import { PlainTable } from '../contract/tabs/plain-table';
import { Section } from '../contract/tabs/section';
import { detailTexts } from './detail-texts';

export function History({ id }: { id: string }) {
  const t = useTexts(detailTexts);
  const audit = useTexts(auditTexts);
  const base = useTexts(baseTexts);
  const nameOf = useNames(auditTexts);
  const list = useInfiniteQuery({
    queryKey: ['license', id, 'activity'],
    queryFn: ({ signal, pageParam: cursor }) =>
      read(
        api.GET('/api/v1/activity', { params: { query: { subject: id, ...(cursor && { cursor }) } }, signal }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const events = list.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Section title={t('history')}>
      <Text size="sm" c="dimmed">
        {list.isSuccess && events.length === 0 && `${t('history.none')} `}
        <Anchor component={Link} to="/jobs" search={{ tab: 'operations' } as never}>
          {t('history.bulk')}
        </Anchor>
      </Text>
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {events.length > 0 && (
        <PlainTable
          label={t('history')}
          headers={[audit('at'), audit('action'), audit('actor'), audit('changes'), audit('reason')]}
        >
          {events.map((event) => (
            <Table.Tr key={event.id}>
              <Table.Td>
                <Instant at={event.at} />
              </Table.Td>
              <Table.Td>{nameOf(event.action)}</Table.Td>
              <Table.Td>
                <bdi>{event.actor.name}</bdi>
              </Table.Td>
              <Table.Td>
                <Differences {...event} />
              </Table.Td>
              <Table.Td>{event.reason ? <bdi>{event.reason}</bdi> : '–'}</Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {base('action.more')}
        </Button>
      )}
    </Section>
  );
}
