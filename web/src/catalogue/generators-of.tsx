/** The generators of a product, as short links, and a way to create the next one. */
import { Anchor, Button, Group, List, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { generatorTexts } from './generator-texts';
import type { Product } from './states';
import { Status } from './status';

const SHOWN_MAX = 20;

export function GeneratorsOf({ product: { id: product_id, environment } }: { product: Product }) {
  const t = useTexts(generatorTexts);
  const mayWrite = useMayWrite();
  const query = { product_id, environment, limit: SHOWN_MAX };
  const list = useQuery({
    queryKey: ['generators', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/generators', { params: { query }, signal })),
  });
  if (list.isError) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return <Skeleton height={24} />;
  return (
    <>
      {list.data.data.length === 0 && <Text c="dimmed">{t('none_of_product')}</Text>}
      <List listStyleType="none" spacing={4}>
        {list.data.data.map(({ id, name, status }) => (
          <List.Item key={id}>
            <Group gap="xs">
              <Anchor component={Link} to={`/generators/${id}`}>
                <bdi>{name}</bdi>
              </Anchor>
              <Status status={status} />
            </Group>
          </List.Item>
        ))}
      </List>
      <Group gap="sm">
        {list.data.next_cursor !== null && (
          <Anchor component={Link} to="/generators" search={{ product_id, environment } as never}>
            {t('all_of_product')}
          </Anchor>
        )}
        {mayWrite && (
          <Button component={Link} to="/generators/new" search={{ product_id } as never} variant="default" size="xs">
            {t('create')}
          </Button>
        )}
      </Group>
    </>
  );
}
