/** The pool of a contract of that type, its test clock, and data of other systems. */
import { NumberInput, Select, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useInstallation } from '../access/session';
import { api, read } from '../base/client';
import { PeriodField } from '../base/period-field';
import { useTexts } from '../base/texts';
import { useContractForm, useField, useFieldFrame } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';
import type { Contract } from './states';

const WHOLE = { allowDecimal: false, clampBehavior: 'none' } as const;
const CLOCKS_MAX = 100;

export function PoolSection() {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  if (form.values.type !== 'pool') return null;
  return (
    <FormSection title={t('section.pool')}>
      <NumberInput {...field('low_water')} min={0} {...WHOLE} />
      <NumberInput {...field('auto_replenish.target')} min={1} {...WHOLE} />
      <PeriodField
        {...frame('min_remaining_validity')}
        value={form.values.min_remaining_validity}
        onChange={(period) => form.setFieldValue('min_remaining_validity', period)}
      />
    </FormSection>
  );
}

export function OtherSection({ environment }: { environment: Contract['environment'] }) {
  const t = useTexts(formTexts);
  const { form, contract } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  const clocks = useClocks(contract === undefined && environment !== 'production');
  const clock = frame('test_clock_id');
  const chosen = form.values.test_clock_id;
  return (
    <FormSection
      title={t('section.other')}
      wide={
        <Textarea
          {...field('metadata')}
          autosize
          minRows={3}
          maxRows={16}
          spellCheck={false}
          placeholder='{"order": "SO-1042"}'
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      }
    >
      <Select
        {...clock}
        disabled={clock.disabled || environment === 'production'}
        description={contract === undefined && environment === 'production' ? t('clock.production') : clock.description}
        data={[
          { value: '', label: t('clock.none') },
          ...(clocks ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ...(chosen !== null && !clocks?.some(({ id }) => id === chosen) ? [{ value: chosen, label: chosen }] : []),
        ]}
        value={chosen ?? ''}
        allowDeselect={false}
        searchable
        onChange={(id) => form.setFieldValue('test_clock_id', id === '' ? null : id)}
      />
    </FormSection>
  );
}

/** The newest test clocks of the installation, if it has any. */
function useClocks(wanted: boolean) {
  const test_clocks = useInstallation()?.test_clocks === true;
  return useQuery({
    queryKey: ['test-clocks', 'choice'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/test-clocks', { params: { query: { limit: CLOCKS_MAX } }, signal })),
    enabled: wanted && test_clocks,
  }).data?.data;
}
