/** The name of a contract, a customer, a product or a generator, as a link to its page. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ENTITIES } from './entity';
import type { EntityKind } from './entity';

/** Names change seldom: a table shows the same ones again and again. */
const FRESH_MS = 60_000;

export function useEntity(kind: EntityKind, id: string | null) {
  return useQuery({
    queryKey: ['entity', kind, id],
    queryFn: ({ signal }) => ENTITIES[kind].get(id ?? '', signal),
    enabled: id !== null,
    staleTime: FRESH_MS,
  });
}

interface EntityNameProps {
  kind: EntityKind;
  id: string;
  /** The name, where the interface has sent it: it is not read then. */
  name?: string | undefined;
}

/** Until the name is read, and when it cannot be read, the id. */
export function EntityName({ kind, id, name }: EntityNameProps) {
  const entity = useEntity(kind, name === undefined ? id : null);
  return (
    <Anchor component={Link} to={ENTITIES[kind].page(id)} style={{ overflowWrap: 'anywhere' }}>
      <bdi>{name ?? entity.data?.label ?? id}</bdi>
    </Anchor>
  );
}
