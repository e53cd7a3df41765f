/** The fields of an amendment beside those of its quota and its end: whose contract it is, and what new licenses get. */
import { NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { EntitySelect } from '../../base/entity-select';
import { PeriodField } from '../../base/period-field';
import { useTexts } from '../../base/texts';
import type { Contract } from '../states';
import type { AmendmentValues } from './amendment-body';
import { amendmentTexts } from './amendment-texts';

interface AmendmentFieldsProps {
  contract: Contract;
  form: UseFormReturnType<AmendmentValues>;
}

export function AmendmentFields({ contract, form }: AmendmentFieldsProps) {
  const t = useTexts(amendmentTexts);
  return (
    <>
      <EntitySelect
        kind="customer"
        label={t('customer_id')}
        value={form.values.customer_id}
        error={form.errors['customer_id']}
        onChange={(id) => form.setFieldValue('customer_id', id)}
      />
      <EntitySelect
        kind="generator"
        label={t('generator_id')}
        only={{ product_id: contract.product_id, status: 'active' }}
        value={form.values.generator_id}
        error={form.errors['generator_id']}
        onChange={(id) => form.setFieldValue('generator_id', id)}
      />
      <NumberInput
        label={t('activation_limit')}
        min={1}
        allowDecimal={false}
        {...form.getInputProps('activation_limit')}
      />
      <ExpiryFields form={form} />
      <Select
        label={t('renewal_mode')}
        allowDeselect={false}
        data={(['keep', 'manual', 'auto', 'none'] as const).map((value) => ({ value, label: t(`renewal.${value}`) }))}
        {...form.getInputProps('renewal_mode')}
      />
      <Textarea
        label={t('feature_overrides')}
        description={t('feature_overrides.help')}
        autosize
        minRows={2}
        {...form.getInputProps('feature_overrides')}
      />
    </>
  );
}

function ExpiryFields({ form }: Pick<AmendmentFieldsProps, 'form'>) {
  const t = useTexts(amendmentTexts);
  const { expiry_kind, expiry } = form.values;
  return (
    <>
      <Select
        label={t('expiry')}
        allowDeselect={false}
        data={(['keep', 'never', 'duration', 'date'] as const).map((value) => ({ value, label: t(`expiry.${value}`) }))}
        {...form.getInputProps('expiry_kind')}
      />
      {expiry_kind === 'duration' && (
        <>
          <PeriodField
            label={t('expiry.period')}
            required
            value={expiry.duration}
            error={form.errors['expiry.duration']}
            onChange={(duration) => form.setFieldValue('expiry.duration', duration)}
          />
          <Select
            label={t('expiry.basis')}
            allowDeselect={false}
            data={(['generation', 'assignment', 'first_activation'] as const).map((value) => ({
              value,
              label: t(`basis.${value}`),
            }))}
            {...form.getInputProps('expiry.basis')}
          />
        </>
      )}
      {expiry_kind === 'date' && (
        <TextInput type="date" label={t('expiry.day')} required {...form.getInputProps('expiry.date')} />
      )}
    </>
  );
}
