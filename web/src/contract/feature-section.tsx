/** Features and limits of new licenses: toggles drawn from the features of the generator, with the same as JSON beside them. */
import { NumberInput, Select, Stack, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { formatNumber } from '../base/instants';
import { useLanguage, useTexts } from '../base/texts';
import { FeatureToggles } from './feature-toggles';
import { useContractForm, useField, useFieldFrame } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';

export function FeatureSection() {
  const t = useTexts(formTexts);
  const language = useLanguage();
  const { form } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  const generator = useGenerator(form.values.generator_id);
  const limit = frame('activation_limit_kind');
  const overrides = field('feature_overrides');
  return (
    <FormSection
      title={t('section.features')}
      wide={
        <Stack gap="md">
          <FeatureToggles
            features={generator?.features}
            text={form.values.feature_overrides}
            disabled={frame('feature_overrides').disabled}
            onChange={(text) => form.setFieldValue('feature_overrides', text)}
          />
          <Textarea
            {...overrides}
            autosize
            minRows={3}
            maxRows={16}
            spellCheck={false}
            placeholder='{"sso": true, "seats": 25}'
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
        </Stack>
      }
    >
      <Select
        {...limit}
        description={
          <>
            {limit.description}{' '}
            {generator &&
              (generator.activation_limit === null
                ? t('generator.limit_none')
                : t('generator.limit', { limit: formatNumber(generator.activation_limit, language) }))}
          </>
        }
        allowDeselect={false}
        data={(['generator', 'number', 'unlimited'] as const).map((value) => ({ value, label: t(`limit.${value}`) }))}
        {...form.getInputProps('activation_limit_kind')}
      />
      {form.values.activation_limit_kind === 'number' && (
        <NumberInput {...field('activation_limit')} min={1} allowDecimal={false} clampBehavior="none" />
      )}
      <NumberInput {...field('device_lease_minutes')} min={1} allowDecimal={false} clampBehavior="none" />
      <Select
        {...frame('on_suspend')}
        allowDeselect={false}
        data={(['keep', 'no_new_activations', 'suspend'] as const).map((value) => ({
          value,
          label: t(`suspend.${value}`),
        }))}
        {...form.getInputProps('on_suspend.issued_licenses')}
      />
    </FormSection>
  );
}

function useGenerator(id: string | null) {
  return useQuery({
    queryKey: ['generator', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/generators/{id}', { params: { path: { id: id ?? '' } }, signal })),
    enabled: id !== null,
  }).data;
}
