/** The fields of the forms of an endpoint. */
import { MultiSelect, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTexts } from '../base/texts';
import { EntitySelect } from '../base/entity-select';
import type { EndpointValues } from './endpoint-values';
import { filterGroups } from './events';
import { webhookTexts } from './texts';

const ENVIRONMENTS = ['production', 'staging', 'development', 'all'] as const;
const RATE_MAX = 10_000;

interface EndpointFieldsProps {
  form: UseFormReturnType<EndpointValues>;
  /** An endpoint that exists keeps its contract and its environment. */
  isNew: boolean;
  /** The contract of the endpoint sets its URL. */
  isOfContract: boolean;
}

export function EndpointFields({ form, isNew, isOfContract }: EndpointFieldsProps) {
  const t = useTexts(webhookTexts);
  const { every_event, contract_id } = form.values;
  return (
    <Stack gap="sm">
      <TextInput
        label={t('url')}
        description={isOfContract ? t('url.of_contract') : t('url.help')}
        placeholder="https://"
        type="url"
        required
        readOnly={isOfContract}
        data-autofocus
        {...form.getInputProps('url')}
      />
      <TextInput label={t('description')} description={t('description.help')} {...form.getInputProps('description')} />
      <Switch
        label={t('events.all')}
        description={t('events.all_help')}
        {...form.getInputProps('every_event', { type: 'checkbox' })}
      />
      {!every_event && (
        <MultiSelect
          label={t('events.choose')}
          description={t('events.choose_help')}
          data={filterGroups()}
          searchable
          required
          maxDropdownHeight={280}
          {...form.getInputProps('events')}
        />
      )}
      {isNew && (
        <EntitySelect
          kind="contract"
          label={t('contract')}
          description={t('contract.help')}
          placeholder={t('contract.all')}
          value={contract_id}
          error={form.errors['contract_id']}
          onChange={(id) => form.setFieldValue('contract_id', id)}
        />
      )}
      {isNew && contract_id === null && (
        <Select
          label={t('environment')}
          description={t('environment.help')}
          data={ENVIRONMENTS.map((value) => ({ value, label: t(`environment.${value}`) }))}
          allowDeselect={false}
          {...form.getInputProps('environment')}
        />
      )}
      <NumberInput
        label={t('rate')}
        description={t('rate.help')}
        min={1}
        max={RATE_MAX}
        allowDecimal={false}
        {...form.getInputProps('rate_per_second')}
      />
    </Stack>
  );
}
