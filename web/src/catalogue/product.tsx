/** A product: its facts, its generators and its signing keys. */
import { Anchor, Badge, Button, Code, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { GeneratorsOf } from './generators-of';
import { ProductDialog } from './product-dialog';
import { productTexts } from './product-texts';
import { SigningKeys } from './signing-keys';
import type { Product } from './states';
import { Status } from './status';
import { catalogueTexts } from './texts';

export default function ProductPage() {
  const id = usePathId();
  const product = useQuery({
    queryKey: ['products', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/products/{id}', { params: { path: { id } }, signal })),
  });
  if (product.isError) return <ProblemAlert error={product.error} onRetry={() => void product.refetch()} />;
  if (product.data === undefined) return <Skeleton height={240} />;
  return <Details product={product.data} />;
}

function Details({ product }: { product: Product }) {
  const t = useTexts(productTexts);
  const c = useTexts(catalogueTexts);
  const mayWrite = useMayWrite();
  const [editing, { open, close }] = useDisclosure(false);
  return (
    <Page
      title={product.name}
      above={[{ label: c('products'), to: '/products' }]}
      marks={
        <Group gap="xs">
          <Status status={product.status} />
          <Badge variant="default" tt="none">
            {c(product.environment)}
          </Badge>
        </Group>
      }
      actions={mayWrite && <Button onClick={open}>{c('edit')}</Button>}
    >
      <Facts
        rows={[
          [c('code'), <Code key="code">{product.code}</Code>],
          [t('modules'), product.modules.length > 0 ? product.modules.join(', ') : '–'],
          [c('created'), <Instant key="created" at={product.created_at} />],
          [c('updated'), <Instant key="updated" at={product.updated_at} />],
          [c('id'), <CopyText key="id" text={product.id} />],
        ]}
      />
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t('generators_of')}
        </Title>
        <GeneratorsOf product={product} />
        <Group gap="md">
          <Anchor
            component={Link}
            to="/contracts"
            search={{ product_id: product.id, environment: product.environment } as never}
          >
            {c('contracts')}
          </Anchor>
        </Group>
      </Stack>
      <SigningKeys product={product} />
      {editing && <ProductDialog product={product} onClose={close} />}
    </Page>
  );
}
