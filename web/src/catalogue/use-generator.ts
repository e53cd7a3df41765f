/** Reads a generator. */
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';

export function useGenerator(id: string) {
  return useQuery({
    queryKey: ['generators', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/generators/{id}', { params: { path: { id } }, signal })),
  });
}
