/** What the interface finds for the text of the command palette. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';

export interface FoundRow {
  id: string;
  label: string;
  hint?: string | undefined;
  to: string;
}

export interface FoundGroup {
  kind: 'contracts' | 'licenses' | 'customers';
  rows: FoundRow[];
}

/** The interface searches for texts of this length and more. */
const TEXT_LENGTH_MIN = 2;
const ROWS_MAX = 5;

/** Contracts by name or id, licenses by key or id, customers by name or email. A kind that the reader may not see is left out. */
export function useFound(text: string): { groups: FoundGroup[]; searching: boolean } {
  const enabled = text.length >= TEXT_LENGTH_MIN;
  const query = useQuery({
    queryKey: ['palette', text],
    queryFn: ({ signal }) => find(text, signal),
    enabled,
    placeholderData: keepPreviousData,
  });
  return { groups: enabled ? (query.data ?? []) : [], searching: enabled && query.isFetching };
}

async function find(text: string, signal: AbortSignal): Promise<FoundGroup[]> {
  const query = { search: text, limit: ROWS_MAX };
  const [contracts, licenses, customers] = await Promise.allSettled([
    read(api.GET('/api/v1/contracts', { params: { query }, signal })),
    read(api.GET('/api/v1/licenses', { params: { query }, signal })),
    read(api.GET('/api/v1/customers', { params: { query }, signal })),
  ]);
  return [
    {
      kind: 'contracts',
      rows: rowsOf(contracts).map(({ id, name, state }) => ({ id, label: name, hint: state, to: `/contracts/${id}` })),
    },
    {
      kind: 'licenses',
      rows: rowsOf(licenses).map(({ id, key, source }) => ({ id, label: key, hint: source, to: `/licenses/${id}` })),
    },
    {
      kind: 'customers',
      rows: rowsOf(customers).map(({ id, name, email }) => ({
        id,
        label: name ?? email ?? id,
        hint: email ?? undefined,
        to: `/customers/${id}`,
      })),
    },
  ];
}

function rowsOf<Row>(settled: PromiseSettledResult<{ data: Row[] }>): Row[] {
  return settled.status === 'fulfilled' ? settled.value.data : [];
}
