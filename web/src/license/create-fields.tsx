/** The fields of licenses that are created without a contract. */
import { Checkbox, Group, NumberInput, Select, TextInput } from '@mantine/core';
import { EntitySelect } from '../base/entity-select';
import { useTexts } from '../base/texts';
import { BASES, UNITS } from './create-body';
import type { CreateForm } from './create-body';
import { createTexts } from './create-texts';

interface CreateFieldsProps {
  form: CreateForm;
  change: (changes: Partial<CreateForm>) => void;
  errors: Readonly<Record<string, string>>;
}

export function CreateFields({ form, change, errors }: CreateFieldsProps) {
  const t = useTexts(createTexts);
  return (
    <>
      <EntitySelect
        kind="product"
        label={t('product')}
        only={{ status: 'active' }}
        required
        value={form.product_id}
        error={errors['product_id']}
        onChange={(product_id) => change({ product_id, generator_id: null })}
      />
      <EntitySelect
        key={form.product_id}
        kind="generator"
        label={t('generator')}
        only={{ status: 'active', ...(form.product_id && { product_id: form.product_id }) }}
        required
        disabled={form.product_id === null}
        value={form.generator_id}
        error={errors['generator_id']}
        onChange={(generator_id) => change({ generator_id })}
      />
      <NumberInput
        label={t('count')}
        description={t('count.help')}
        required
        min={1}
        allowDecimal={false}
        clampBehavior="none"
        value={form.count}
        error={errors['count']}
        onChange={(count) => change({ count })}
      />
      <TextInput
        type="email"
        label={t('email')}
        description={t('email.help')}
        autoComplete="off"
        value={form.customer_email}
        error={errors['customer_email']}
        onChange={({ currentTarget: { value } }) => change({ customer_email: value })}
      />
      <Group align="flex-end">
        <NumberInput
          label={t('limit')}
          description={t('limit.help')}
          min={1}
          allowDecimal={false}
          clampBehavior="none"
          disabled={form.unlimited}
          value={form.limit}
          error={errors['activation_limit']}
          onChange={(limit) => change({ limit })}
        />
        <Checkbox
          mb="xs"
          label={t('unlimited')}
          checked={form.unlimited}
          onChange={({ currentTarget: { checked } }) => change({ unlimited: checked })}
        />
      </Group>
      <Expiry form={form} change={change} errors={errors} />
      <TextInput
        label={t('note')}
        description={t('note.help')}
        value={form.note}
        error={errors['note']}
        onChange={({ currentTarget: { value } }) => change({ note: value })}
      />
    </>
  );
}

function Expiry({ form, change, errors }: CreateFieldsProps) {
  const t = useTexts(createTexts);
  return (
    <Group align="flex-end">
      <Select
        label={t('expiry')}
        allowDeselect={false}
        data={(['never', 'duration', 'date'] as const).map((value) => ({ value, label: t(`expiry.${value}`) }))}
        value={form.expiry}
        onChange={(expiry) => expiry && change({ expiry })}
      />
      {form.expiry === 'date' && (
        <TextInput
          type="date"
          label={t('date')}
          value={form.date}
          error={errors['expiry.date']}
          onChange={({ currentTarget: { value } }) => change({ date: value })}
        />
      )}
      {form.expiry === 'duration' && (
        <>
          <NumberInput
            label={t('duration')}
            min={1}
            allowDecimal={false}
            clampBehavior="none"
            value={form.duration}
            error={errors['expiry.duration']}
            onChange={(duration) => change({ duration })}
          />
          <Select
            label={t('unit')}
            allowDeselect={false}
            data={UNITS.map((value) => ({ value, label: t(value) }))}
            value={form.unit}
            onChange={(unit) => unit && change({ unit })}
          />
          <Select
            label={t('basis')}
            allowDeselect={false}
            data={BASES.map((value) => ({ value, label: t(value) }))}
            value={form.basis}
            onChange={(basis) => basis && change({ basis })}
          />
        </>
      )}
    </Group>
  );
}
