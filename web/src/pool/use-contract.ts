/** A contract of type pool, with the numbers of its licenses. */
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import type { components } from '../base/interface';

export type PoolContract = components['schemas']['Contract'];
export type Hold = components['schemas']['ListedHold'];

export function usePoolContract(id: string) {
  return useQuery({
    queryKey: ['contract', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/contracts/{id}', { params: { path: { id } }, signal })),
  });
}
