/** The first sections of the form: what the contract is, for which licenses, and how many. */
import { NumberInput, Select, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { EntitySelect } from '../base/entity-select';
import { formatNumber } from '../base/instants';
import { useLanguage, useTexts } from '../base/texts';
import { useContractForm, useField, useFieldFrame } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';
import { STATUSES, TYPES } from './states';
import type { Contract } from './states';
import { contractTexts } from './texts';

export function BasicSection() {
  const t = useTexts(formTexts);
  const c = useTexts(contractTexts);
  const { form } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  return (
    <FormSection title={t('section.basic')}>
      <TextInput {...field('name')} required withAsterisk data-autofocus />
      <Select
        {...field('type')}
        required
        withAsterisk
        allowDeselect={false}
        data={TYPES.map((value) => ({ value, label: c(value) }))}
      />
      <Select
        {...field('status')}
        required
        withAsterisk
        allowDeselect={false}
        data={STATUSES.map((value) => ({ value, label: c(value) }))}
      />
      <EntitySelect
        kind="customer"
        {...frame('customer_id')}
        value={form.values.customer_id}
        onChange={(id) => form.setFieldValue('customer_id', id)}
      />
      <TextInput {...field('account_manager')} type="email" autoComplete="off" />
    </FormSection>
  );
}

interface CatalogueSectionProps {
  environment: Contract['environment'];
}

export function CatalogueSection({ environment }: CatalogueSectionProps) {
  const t = useTexts(formTexts);
  const c = useTexts(contractTexts);
  const { form } = useContractForm();
  const frame = useFieldFrame();
  const { product_id } = form.values;
  const product = useProduct(product_id);
  const generator = frame('generator_id');
  return (
    <FormSection title={t('section.catalogue')}>
      <EntitySelect
        kind="product"
        {...frame('product_id')}
        required
        only={{ status: 'active', environment }}
        value={product_id}
        onChange={(id) => {
          form.setFieldValue('product_id', id);
          // A generator belongs to one product.
          if (id !== product_id) form.setFieldValue('generator_id', null);
        }}
      />
      <EntitySelect
        kind="generator"
        {...generator}
        required
        description={product_id === null ? t('generator.none') : generator.description}
        disabled={generator.disabled || product_id === null}
        {...(product_id && { only: { status: 'active' as const, product_id } })}
        value={form.values.generator_id}
        onChange={(id) => form.setFieldValue('generator_id', id)}
      />
      <TextInput
        {...frame('environment')}
        disabled={false}
        variant="filled"
        value={c(product?.environment ?? environment)}
        readOnly
      />
    </FormSection>
  );
}

function useProduct(id: string | null) {
  return useQuery({
    queryKey: ['product', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/products/{id}', { params: { path: { id: id ?? '' } }, signal })),
    enabled: id !== null,
  }).data;
}

export function QuotaSection() {
  const t = useTexts(formTexts);
  const language = useLanguage();
  const { form, contract } = useContractForm();
  const field = useField();
  const raised = contract !== undefined && form.values.quota !== '' && form.values.quota > contract.quota.total;
  return (
    <FormSection
      title={t('section.quota')}
      wide={
        contract && (
          <Text size="sm" c="dimmed">
            {t('quota.used', {
              generated: formatNumber(contract.quota.generated, language),
              reserved: formatNumber(contract.quota.reserved, language),
            })}
          </Text>
        )
      }
    >
      <NumberInput {...field('quota')} required withAsterisk min={1} allowDecimal={false} clampBehavior="none" />
      {raised && <TextInput {...field('quota_label')} />}
    </FormSection>
  );
}
