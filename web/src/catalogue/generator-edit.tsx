/** Edits a generator. */
import { Skeleton } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { GeneratorForm } from './generator-form';
import { editOf, valuesOf } from './generator-values';
import type { GeneratorValues } from './generator-values';
import { generatorTexts } from './generator-texts';
import type { Generator } from './states';
import { catalogueTexts } from './texts';
import { useGenerator } from './use-generator';

export default function EditGeneratorPage() {
  const id = usePathId();
  const generator = useGenerator(id);
  if (generator.isError) return <ProblemAlert error={generator.error} onRetry={() => void generator.refetch()} />;
  if (generator.data === undefined) return <Skeleton height={240} />;
  return <Editor key={id} generator={generator.data} />;
}

function Editor({ generator }: { generator: Generator }) {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const navigate = useNavigate();
  const { id, name } = generator;
  const page = { to: `/generators/${id}` };
  const before = valuesOf(generator);
  const save = useAction({
    send: (values: GeneratorValues) =>
      read(api.PATCH('/api/v1/generators/{id}', { params: { path: { id } }, body: editOf(values, before) })),
    done: (saved) => c('saved', { name: saved.name }),
    onDone: () => void navigate(page),
  });
  return (
    <Page
      title={t('edit')}
      above={[
        { label: c('generators'), to: '/generators' },
        { label: name, ...page },
      ]}
    >
      <GeneratorForm
        initial={before}
        isNew={false}
        submit={c('save')}
        pending={save.isPending}
        error={save.error}
        onSubmit={save.mutate}
        onCancel={() => void navigate(page)}
      />
    </Page>
  );
}
