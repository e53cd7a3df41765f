/** When licenses of the contract expire. */
import { Checkbox, Select, TextInput } from '@mantine/core';
import { PeriodField } from '../base/period-field';
import { useTexts } from '../base/texts';
import { useContractForm, useField, useFieldFrame } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';

export function ExpirySection() {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  const { expiry_kind, expiry } = form.values;
  return (
    <FormSection title={t('section.expiry')} wide={<Checkbox {...field('cap_expiry_at_contract_end', 'checkbox')} />}>
      <Select
        {...field('expiry_kind')}
        allowDeselect={false}
        data={[
          { value: 'never', label: t('expiry.never') },
          { value: 'duration', label: t('expiry.by_duration') },
          { value: 'date', label: t('expiry.by_date') },
        ]}
      />
      {expiry_kind === 'duration' && (
        <>
          <PeriodField
            {...frame('expiry.duration')}
            required
            value={expiry.duration}
            onChange={(duration) => form.setFieldValue('expiry.duration', duration)}
          />
          <Select
            {...field('expiry.basis')}
            allowDeselect={false}
            data={(['generation', 'assignment', 'first_activation'] as const).map((value) => ({
              value,
              label: t(`basis.${value}`),
            }))}
          />
        </>
      )}
      {expiry_kind === 'date' && <TextInput {...field('expiry.date')} type="date" required />}
    </FormSection>
  );
}
