/** A generator: its key format, its features, and the contracts that use it. */
import { Badge, Button, Code, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMayWrite } from '../access/use-may-write';
import { ContractsOf } from '../contract/contracts-of';
import { CopyText } from '../base/copy-text';
import { EntityName } from '../base/entity-name';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import { DeleteGeneratorDialog } from './delete-generator-dialog';
import { generatorTexts } from './generator-texts';
import { patternOf } from './key-pattern';
import { formatKeyspace } from './keyspace';
import type { Generator } from './states';
import { Status } from './status';
import { catalogueTexts } from './texts';
import { useGenerator } from './use-generator';

export default function GeneratorPage() {
  const id = usePathId();
  const generator = useGenerator(id);
  if (generator.isError) return <ProblemAlert error={generator.error} onRetry={() => void generator.refetch()} />;
  if (generator.data === undefined) return <Skeleton height={240} />;
  return <Details generator={generator.data} />;
}

function Details({ generator }: { generator: Generator }) {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const navigate = useNavigate();
  const mayWrite = useMayWrite();
  const [deleting, { open, close }] = useDisclosure(false);
  const { id, name, environment } = generator;
  return (
    <Page
      title={name}
      above={[{ label: c('generators'), to: '/generators' }]}
      marks={
        <Group gap="xs">
          <Status status={generator.status} />
          <Badge variant="default" tt="none">
            {c(environment)}
          </Badge>
        </Group>
      }
      actions={
        mayWrite && (
          <>
            <Button component={Link} to={`/generators/${id}/edit`}>
              {c('edit')}
            </Button>
            <Button variant="default" onClick={open}>
              {t('delete')}
            </Button>
          </>
        )
      }
    >
      <GeneratorFacts generator={generator} />
      <Features features={generator.features} />
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t('used_by')}
        </Title>
        <ContractsOf filter={{ generator_id: id, environment }} />
      </Stack>
      {deleting && (
        <DeleteGeneratorDialog
          generator={generator}
          onClose={close}
          onDeleted={() => void navigate({ to: '/generators' })}
        />
      )}
    </Page>
  );
}

function GeneratorFacts({ generator }: { generator: Generator }) {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const language = useLanguage();
  const { format, activation_limit } = generator;
  return (
    <Facts
      rows={[
        [c('product'), <EntityName key="product" kind="product" id={generator.product_id} />],
        [t('format'), <Code key="format">{patternOf(format)}</Code>],
        [t('alphabet'), <Code key="alphabet">{format.alphabet}</Code>],
        [t('keyspace'), formatKeyspace(generator.keyspace, language)],
        [t('largest_quota'), formatKeyspace(generator.largest_quota, language)],
        [t('kind'), t(generator.kind)],
        [t('activation_limit'), activation_limit === null ? c('unlimited') : formatNumber(activation_limit, language)],
        [t('revision'), String(generator.revision)],
        [c('created'), <Instant key="created" at={generator.created_at} />],
        [c('updated'), <Instant key="updated" at={generator.updated_at} />],
        [c('id'), <CopyText key="id" text={generator.id} />],
      ]}
    />
  );
}

function Features({ features }: Pick<Generator, 'features'>) {
  const t = useTexts(generatorTexts);
  const entries = Object.entries(features);
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        {t('features')}
      </Title>
      {entries.length === 0 ? (
        t('no_features')
      ) : (
        <Facts rows={entries.map(([name, value]) => [name, <Code key={name}>{JSON.stringify(value)}</Code>])} />
      )}
    </Stack>
  );
}
