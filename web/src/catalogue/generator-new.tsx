/** Creates a generator. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api, read } from '../base/client';
import { useIdempotencyKey } from '../base/idempotency';
import { Page } from '../base/page';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { GeneratorForm } from './generator-form';
import { creationOf, valuesOf } from './generator-values';
import type { GeneratorValues } from './generator-values';
import { generatorTexts } from './generator-texts';
import { catalogueTexts } from './texts';

export default function NewGeneratorPage() {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const navigate = useNavigate();
  const { product_id }: { product_id?: string } = useSearch({ strict: false });
  const keyOf = useIdempotencyKey();
  const create = useAction({
    send: (values: GeneratorValues) => {
      const body = creationOf(values);
      return read(api.POST('/api/v1/generators', { params: { header: { 'Idempotency-Key': keyOf(body) } }, body }));
    },
    done: ({ name }) => c('created_note', { name }),
    onDone: ({ id }) => void navigate({ to: `/generators/${id}` }),
  });
  return (
    <Page title={t('create')} above={[{ label: c('generators'), to: '/generators' }]}>
      <GeneratorForm
        initial={valuesOf(undefined, product_id)}
        isNew
        submit={t('create')}
        pending={create.isPending}
        error={create.error}
        onSubmit={create.mutate}
        onCancel={() => void navigate({ to: '/generators' })}
      />
    </Page>
  );
}
