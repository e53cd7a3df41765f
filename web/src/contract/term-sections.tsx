/** For how long the contract runs, how it renews, and what unpaid invoices do. */
import { Checkbox, NumberInput, Select, TextInput } from '@mantine/core';
import { EntitySelect } from '../base/entity-select';
import { PeriodField } from '../base/period-field';
import { useTexts } from '../base/texts';
import { localTime } from '../base/zoned';
import { useContractForm, useField, useFieldFrame } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
const WHOLE = { allowDecimal: false, clampBehavior: 'none' } as const;

export function TermSection() {
  const t = useTexts(formTexts);
  const { form, contract } = useContractForm();
  const field = useField();
  const frame = useFieldFrame();
  const { end_kind, renewal, timezone } = form.values;
  return (
    <FormSection title={t('section.term')}>
      <Select
        {...field('timezone')}
        searchable
        allowDeselect={false}
        limit={100}
        data={ZONES.includes(timezone) ? ZONES : [timezone, ...ZONES]}
      />
      <TextInput {...field('start_date')} type="date" />
      <Select
        {...field('end_kind')}
        allowDeselect={false}
        data={(['open', 'term', 'end_date'] as const).map((value) => ({ value, label: t(`end.${value}`) }))}
      />
      {end_kind === 'term' && (
        <PeriodField
          {...frame('term')}
          required
          value={form.values.term}
          onChange={(term) => form.setFieldValue('term', term)}
        />
      )}
      {end_kind === 'end_date' && <TextInput {...field('end_date')} type="date" required />}
      <NumberInput {...field('expiry_grace_days')} min={0} {...WHOLE} />
      <Checkbox {...field('grace_allows_generation', 'checkbox')} />
      <Select
        {...field('renewal.mode')}
        allowDeselect={false}
        data={(['manual', 'auto', 'none'] as const).map((value) => ({ value, label: t(`renewal.${value}`) }))}
      />
      {renewal.mode !== 'none' && (
        <>
          <PeriodField
            {...frame('renewal.term')}
            value={renewal.term}
            onChange={(term) => form.setFieldValue('renewal.term', term)}
          />
          <NumberInput {...field('renewal.notice_days')} min={0} {...WHOLE} />
          {contract?.renewal.opt_out_at && <OptOut at={contract.renewal.opt_out_at} />}
          <NumberInput {...field('renewal.quota_effect.add')} min={1} {...WHOLE} />
          <NumberInput {...field('renewal.max_renewals')} min={0} {...WHOLE} />
          <EntitySelect
            kind="contract"
            {...frame('renewal.coterm_with')}
            value={renewal.coterm_with}
            onChange={(id) => form.setFieldValue('renewal.coterm_with', id)}
          />
          <NumberInput {...field('renewal.late_renewal_days')} min={0} {...WHOLE} />
        </>
      )}
    </FormSection>
  );
}

/** The opt-out that the action has made. The form can only take it back. */
function OptOut({ at }: { at: string }) {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const { disabled, ...frame } = useFieldFrame()('renewal.opt_out_at');
  return (
    <>
      <TextInput
        {...frame}
        type="datetime-local"
        readOnly
        disabled={disabled}
        value={localTime(at, form.values.timezone)}
      />
      <Checkbox
        label={t('renewal.opt_in')}
        disabled={disabled}
        checked={form.values.renewal.opt_out_at === null}
        onChange={({ currentTarget: { checked } }) => form.setFieldValue('renewal.opt_out_at', checked ? null : at)}
      />
    </>
  );
}

export function DunningSection() {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const field = useField();
  return (
    <FormSection title={t('section.dunning')}>
      <Checkbox {...field('dunning_exempt', 'checkbox')} />
      {!form.values.dunning_exempt && (
        <>
          <NumberInput {...field('dunning.past_due_days')} min={1} {...WHOLE} />
          <NumberInput {...field('dunning.suspend_days')} min={2} {...WHOLE} />
          <NumberInput {...field('dunning.terminate_days')} min={3} {...WHOLE} />
        </>
      )}
    </FormSection>
  );
}
