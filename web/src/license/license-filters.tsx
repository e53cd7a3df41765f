/** The filters above the list of licenses. Those that are used seldom stand in a panel that opens. */
import { Button, Collapse, Group, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustments } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { dayOf, dayStart } from '../base/days';
import { EntitySelect } from '../base/entity-select';
import { SearchFilter, SelectFilter } from '../base/filters';
import type { ListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { DATE_KINDS, FURTHER_FILTERS } from './license-query';
import type { DateKind } from './license-query';
import { ENVIRONMENTS, STATUSES } from './states';
import { licenseTexts } from './texts';

interface LicenseFiltersProps {
  state: ListState;
  /** Whether the reader can search by key; without it, by id alone. */
  byKey: boolean;
  /** What stands at the end of the row. */
  children?: ReactNode;
}

export function LicenseFilters({ state, byKey, children }: LicenseFiltersProps) {
  const t = useTexts(licenseTexts);
  const { search, change } = state;
  const further = FURTHER_FILTERS.filter((name) => search[name]).length;
  const [open, panel] = useDisclosure(further > 0);
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <SearchFilter state={state} label={t(byKey ? 'licenses.search' : 'licenses.search_id')} />
        <MultiSelect
          label={t('status')}
          placeholder={search['status'] ? '' : t('all_statuses')}
          data={STATUSES.map((value) => ({ value, label: t(value) }))}
          value={search['status']?.split(',') ?? []}
          clearable
          style={{ flex: '1 1 12rem' }}
          onChange={(values) => change({ status: values.join(',') })}
        />
        <SourceFilter state={state} />
        <EntityFilter state={state} name="contract_id" kind="contract" label={t('contract')} />
        <Button
          variant="default"
          leftSection={<IconAdjustments size={16} aria-hidden />}
          onClick={panel.toggle}
          aria-expanded={open}
        >
          {further > 0 ? t('filters.more_count', { count: further }) : t('filters.more')}
        </Button>
        {children}
      </Group>
      <Collapse expanded={open}>
        <FurtherFilters state={state} />
      </Collapse>
    </Stack>
  );
}

/** Where licenses come from. A link can name one contract as the source, also one that was deleted. */
function SourceFilter({ state }: { state: ListState }) {
  const t = useTexts(licenseTexts);
  const { source } = state.search;
  const named = source && source !== 'Manual' && source !== 'Contract' ? [{ value: source, label: source }] : [];
  return (
    <SelectFilter
      state={state}
      name="source"
      label={t('source')}
      all={t('all_sources')}
      options={[
        { value: 'Manual', label: t('source.Manual') },
        { value: 'Contract', label: t('source.Contract') },
        ...named,
      ]}
    />
  );
}

function FurtherFilters({ state }: { state: ListState }) {
  const t = useTexts(licenseTexts);
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <EntityFilter state={state} name="customer_id" kind="customer" label={t('customer')} />
        <EntityFilter state={state} name="contract_customer_id" kind="customer" label={t('contract_customer')} />
        <EntityFilter state={state} name="product_id" kind="product" label={t('product')} />
        <SelectFilter
          state={state}
          name="environment"
          label={t('environment')}
          all={t('production')}
          options={ENVIRONMENTS.slice(1).map((value) => ({ value, label: t(value) }))}
        />
        <SelectFilter
          state={state}
          name="has_devices"
          label={t('devices')}
          options={[
            { value: 'true', label: t('has_devices.true') },
            { value: 'false', label: t('has_devices.false') },
          ]}
        />
        <SelectFilter
          state={state}
          name="is_test"
          label={t('is_test')}
          options={[
            { value: 'true', label: t('is_test.true') },
            { value: 'false', label: t('is_test.false') },
          ]}
        />
        <TextFilter state={state} name="job_id" label={t('job_id')} />
      </Group>
      <Group align="flex-end" gap="sm">
        {DATE_KINDS.map((kind) => (
          <DayFilters key={kind} state={state} kind={kind} />
        ))}
      </Group>
      <Text size="sm" c="dimmed">
        {t('filters.note')}
      </Text>
    </Stack>
  );
}

interface FilterProps {
  state: ListState;
  name: string;
  label: string;
}

function EntityFilter({ state, name, kind, label }: FilterProps & { kind: 'contract' | 'customer' | 'product' }) {
  const t = useTexts(licenseTexts);
  return (
    <EntitySelect
      kind={kind}
      label={label}
      placeholder={t('all')}
      value={state.search[name] ?? null}
      onChange={(id) => state.change({ [name]: id ?? '' })}
      style={{ flex: '2 1 14rem' }}
    />
  );
}

/** A text that counts when the field is left or Enter is pressed. */
function TextFilter({ state, name, label }: FilterProps) {
  const given = state.search[name] ?? '';
  const change = (text: string) => text.trim() !== given && state.change({ [name]: text.trim() });
  return (
    <TextInput
      key={given}
      label={label}
      defaultValue={given}
      style={{ flex: '1 1 14rem' }}
      onBlur={({ currentTarget }) => change(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => key === 'Enter' && change(currentTarget.value)}
    />
  );
}

const DATE_LABELS = {
  created: 'created',
  assigned: 'assigned_at',
  activated: 'activated_at',
  expires: 'expires',
} as const satisfies Record<DateKind, string>;

/** Two days of the reader's zone, both included. */
function DayFilters({ state, kind }: { state: ListState; kind: DateKind }) {
  const t = useTexts(licenseTexts);
  const name = t(DATE_LABELS[kind]);
  const from = `${kind}_from`;
  const to = `${kind}_to`;
  return (
    <Group gap="xs" wrap="nowrap" style={{ flex: '1 1 20rem' }}>
      <TextInput
        type="date"
        label={t('filters.range', { name, bound: t('filters.from') })}
        value={dayOf(state.search[from])}
        style={{ flex: 1 }}
        onChange={({ currentTarget }) => state.change({ [from]: dayStart(currentTarget.value) })}
      />
      <TextInput
        type="date"
        label={t('filters.range', { name, bound: t('filters.to') })}
        value={dayOf(state.search[to], 1)}
        style={{ flex: 1 }}
        onChange={({ currentTarget }) => state.change({ [to]: dayStart(currentTarget.value, 1) })}
      />
    </Group>
  );
}
