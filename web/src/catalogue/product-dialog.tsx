/** Creates or edits a product. */
import { Select, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { api, read } from '../base/client';
import { FormDialog } from '../base/form-dialog';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { productTexts } from './product-texts';
import { ENVIRONMENTS, STATUSES, choices } from './states';
import type { Product } from './states';
import { catalogueTexts } from './texts';

interface ProductDialogProps {
  /** The product to edit. Without it a new one is created. */
  product?: Product;
  environment?: Product['environment'] | undefined;
  onClose: () => void;
  onSaved?: (product: Product) => void;
}

type Values = Pick<Product, 'name' | 'code' | 'environment' | 'status' | 'modules'>;

export function ProductDialog({ product, environment = 'production', onClose, onSaved }: ProductDialogProps) {
  const t = useTexts(productTexts);
  const c = useTexts(catalogueTexts);
  const keyOf = useIdempotencyKey();
  const form = useForm<Values>({
    initialValues: {
      name: product?.name ?? '',
      code: product?.code ?? '',
      environment: product?.environment ?? environment,
      status: product?.status ?? 'active',
      modules: product?.modules ?? [],
    },
  });
  const save = useAction({
    send: (values: Values) => (product ? edit(product.id, values) : create(values, keyOf(values))),
    done: ({ name }) => c(product ? 'saved' : 'created_note', { name }),
    onDone: (saved) => {
      onSaved?.(saved);
      onClose();
    },
  });
  return (
    <FormDialog
      title={product ? t('edit') : t('create')}
      submit={product ? c('save') : t('create')}
      pending={save.isPending}
      error={save.error}
      fields={Object.keys(form.values)}
      onClose={onClose}
      onSubmit={form.onSubmit((values) =>
        save.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) }),
      )}
    >
      <TextInput label={c('name')} required data-autofocus {...form.getInputProps('name')} />
      <TextInput label={c('code')} description={t('code_text')} required {...form.getInputProps('code')} />
      <TagsInput
        label={t('modules')}
        description={t('modules_text')}
        splitChars={[',', ' ']}
        acceptValueOnBlur
        {...form.getInputProps('modules')}
        error={moduleError(form.errors)}
      />
      <Select
        label={c('status')}
        description={t('status_text')}
        data={choices(c, STATUSES)}
        allowDeselect={false}
        {...form.getInputProps('status')}
      />
      {!product && (
        <Select
          label={c('environment')}
          description={t('environment_text')}
          data={choices(c, ENVIRONMENTS)}
          allowDeselect={false}
          {...form.getInputProps('environment')}
        />
      )}
    </FormDialog>
  );
}

/** The interface names the module that is wrong: `modules.0`. */
function moduleError(errors: Readonly<Record<string, unknown>>): string | undefined {
  const [, message] = Object.entries(errors).find(([path]) => path.startsWith('modules')) ?? [];
  return typeof message === 'string' ? message : undefined;
}

function create(body: Values, key: string): Promise<Product> {
  return read(api.POST('/api/v1/products', { params: { header: { 'Idempotency-Key': key } }, body }));
}

function edit(id: string, { environment: _fixed, ...body }: Values): Promise<Product> {
  return read(api.PATCH('/api/v1/products/{id}', { params: { path: { id } }, body }));
}
