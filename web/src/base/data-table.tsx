/** A list of the interface as a table: loading, errors, nothing to show, columns by choice, and keyset paging. */
import { Box, Button, Group, Skeleton, Table, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { baseTexts } from './base-texts';
import classes from './data-table.module.css';
import { EmptyState } from './empty-state';
import type { ListState } from './list-search';
import { ProblemAlert } from './problem-alert';
import { useTexts } from './texts';

export interface Column<Row> {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** A column that is shown only when the reader chooses it. */
  optional?: boolean;
  /** Numbers stand on the right. */
  numeric?: boolean;
}

/** A page of a list as the interface sends it. */
export interface ListPage<Row> {
  data: Row[];
  next_cursor: string | null;
}

interface DataTableProps<Row> {
  /** Says what the table lists, for those who do not see it. */
  label: string;
  list: UseQueryResult<ListPage<Row>>;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  state: ListState;
  /** A first column without a name, such as boxes that select rows. */
  lead?: { head: ReactNode; cell: (row: Row) => ReactNode };
  /** Shown when there is nothing at all. With a filter, the table says that nothing matches. */
  empty: ReactNode;
}

const LOADING_ROWS = 8;
/** Parameters that choose no rows. */
const NOT_FILTERS = new Set(['cursor', 'sort', 'order', 'columns', 'environment', 'tab']);

export function DataTable<Row>({ label, list, columns, rowKey, state, lead, empty }: DataTableProps<Row>) {
  const t = useTexts(baseTexts);
  const shown = shownColumns(columns, state.search['columns']);
  if (list.isError) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data?.data.length === 0 && state.search['cursor'] === undefined) {
    const filters = Object.keys(state.search).filter((name) => !NOT_FILTERS.has(name));
    if (filters.length === 0) return <>{empty}</>;
    const cleared = Object.fromEntries(filters.map((name) => [name, undefined]));
    return (
      <EmptyState
        title={t('list.no_match')}
        action={
          <Button variant="default" onClick={() => state.change(cleared)}>
            {t('list.clear_filters')}
          </Button>
        }
      />
    );
  }
  return (
    <>
      <Box className={classes.frame} data-stale={list.isPlaceholderData || undefined} aria-busy={list.isFetching}>
        <Table className={classes.table ?? ''} aria-label={label} verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {lead && <Table.Th scope="col">{lead.head}</Table.Th>}
              {shown.map(({ id, header, numeric }) => (
                <Table.Th key={id} scope="col" ta={numeric ? 'right' : 'left'}>
                  {header}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data === undefined
              ? Array.from({ length: LOADING_ROWS }, (_, index) => (
                  <LoadingRow key={index} columns={shown.length + (lead ? 1 : 0)} />
                ))
              : list.data.data.map((row) => (
                  <Table.Tr key={rowKey(row)}>
                    {lead && <Table.Td data-lead>{lead.cell(row)}</Table.Td>}
                    {shown.map(({ id, header, cell, numeric }) => (
                      <Table.Td key={id} data-label={header} data-numeric={numeric || undefined}>
                        {cell(row)}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
          </Table.Tbody>
        </Table>
      </Box>
      <Paging list={list} state={state} />
    </>
  );
}

function LoadingRow({ columns }: { columns: number }) {
  return (
    <Table.Tr>
      {Array.from({ length: columns }, (_, index) => (
        <Table.Td key={index}>
          <Skeleton height={16} />
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function Paging<Row>({ list, state }: { list: UseQueryResult<ListPage<Row>>; state: ListState }) {
  const t = useTexts(baseTexts);
  const cursor = list.data?.next_cursor;
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {list.data ? t('list.range', { count: list.data.data.length }) : t('list.loading')}
      </Text>
      <Group gap="xs">
        <Button variant="default" size="xs" disabled={!state.previous} onClick={() => state.previous?.()}>
          {t('list.previous')}
        </Button>
        <Button
          variant="default"
          size="xs"
          disabled={!cursor || list.isPlaceholderData}
          onClick={() => cursor && state.next(cursor)}
        >
          {t('list.next')}
        </Button>
      </Group>
    </Group>
  );
}

/** The columns that the URL names, or those that are not optional. */
export function shownColumns<Row>(columns: readonly Column<Row>[], chosen: string | undefined): readonly Column<Row>[] {
  if (chosen === undefined) return columns.filter(({ optional }) => !optional);
  const names = new Set(chosen.split(','));
  const found = columns.filter(({ id }) => names.has(id));
  return found.length > 0 ? found : columns.filter(({ optional }) => !optional);
}
