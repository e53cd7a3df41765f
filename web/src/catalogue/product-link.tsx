/** A link to a product by its name. Until that is read, the id stands there. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, read } from '../base/client';

export function ProductLink({ id }: { id: string }) {
  const product = useQuery({
    queryKey: ['products', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/products/{id}', { params: { path: { id } }, signal })),
  });
  return (
    <Anchor component={Link} to={`/products/${id}`}>
      <bdi>{product.data?.name ?? id}</bdi>
    </Anchor>
  );
}
