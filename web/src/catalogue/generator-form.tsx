/** The form of a generator. Samples, the number of keys and faults of the format come from the server while one types. */
import { Button, Group, NumberInput, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { baseTexts } from '../base/base-texts';
import { isShownAtFields } from '../base/form-dialog';
import { fieldErrors } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { FeatureEditor } from './feature-editor';
import { featuresOf } from './features';
import type { GeneratorValues } from './generator-values';
import { generatorTexts } from './generator-texts';
import { KeyFormatFields } from './key-format-fields';
import { ProductSelect } from './product-select';
import { STATUSES, choices } from './states';
import { catalogueTexts } from './texts';

interface GeneratorFormProps {
  initial: GeneratorValues;
  isNew: boolean;
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit: (values: GeneratorValues, options: { onError: (error: unknown) => void }) => void;
  onCancel: () => void;
}

const FIELDS = ['name', 'product_id', 'kind', 'status', 'activation_limit'];
const FORMAT_FIELDS = ['prefix', 'groups', 'group_length', 'alphabet', 'separator'].map((name) => `format.${name}`);

export function GeneratorForm({ initial, isNew, submit, pending, error, onSubmit, onCancel }: GeneratorFormProps) {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const base = useTexts(baseTexts);
  const form = useForm<GeneratorValues>({ initialValues: initial });
  const [checked, setChecked] = useState(false);

  function send(values: GeneratorValues): void {
    setChecked(true);
    if (Object.keys(featuresOf(values.features).faults).length > 0) return;
    onSubmit(values, { onError: (failed) => form.setErrors(fieldErrors(failed)) });
  }

  return (
    <form onSubmit={form.onSubmit(send)} noValidate>
      <Stack maw="52rem">
        {error !== null && !isShownAtFields(error, [...FIELDS, ...FORMAT_FIELDS]) && <ProblemAlert error={error} />}
        {!isNew && <Text size="sm">{t('existing_text')}</Text>}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput label={c('name')} required {...form.getInputProps('name')} />
          {isNew && <ProductSelect {...form.getInputProps('product_id')} />}
        </SimpleGrid>
        <KeyFormatFields form={form} />
        <FeatureEditor
          rows={form.values.features}
          checked={checked}
          error={featureError(form.errors)}
          onChange={(rows) => form.setFieldValue('features', rows)}
        />
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <NumberInput
            label={t('activation_limit')}
            description={t('activation_limit_text')}
            placeholder={c('unlimited')}
            {...form.getInputProps('activation_limit')}
          />
          <Select
            label={t('kind')}
            description={t('kind_text')}
            data={choices(t, ['plain', 'signed'])}
            allowDeselect={false}
            {...form.getInputProps('kind')}
          />
          <Select
            label={c('status')}
            description={t('status_text')}
            data={choices(c, STATUSES)}
            allowDeselect={false}
            {...form.getInputProps('status')}
          />
        </SimpleGrid>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel} disabled={pending}>
            {base('action.cancel')}
          </Button>
          <Button type="submit" loading={pending}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The interface names the feature: `features.seats`. */
function featureError(errors: Readonly<Record<string, unknown>>): string | undefined {
  const [, message] = Object.entries(errors).find(([path]) => path.startsWith('features')) ?? [];
  return typeof message === 'string' ? message : undefined;
}
