/** A field for a period: a number and a unit. A period of several units (`P1Y6M`) is edited as it is written. */
import { Group, Input, NumberInput, Select, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { parsePeriod, PERIOD_UNITS, periodText } from './periods';
import type { PeriodUnit } from './periods';
import { periodTexts } from './period-texts';
import { useTexts } from './texts';

interface PeriodFieldProps {
  id?: string;
  label: string;
  description?: ReactNode;
  error?: ReactNode;
  disabled?: boolean;
  required?: boolean;
  placeholder?: string;
  /** The dialog that has the field puts the focus here. */
  'data-autofocus'?: boolean;
  value: string | null;
  onChange: (period: string | null) => void;
}

export function PeriodField({
  value,
  onChange,
  placeholder,
  disabled,
  'data-autofocus': autofocus,
  ...wrapper
}: PeriodFieldProps) {
  const t = useTexts(periodTexts);
  const generated = useId();
  const id = wrapper.id ?? generated;
  const period = value === null ? undefined : parsePeriod(value);
  // The unit stays when the number is cleared.
  const [unit, setUnit] = useState<PeriodUnit>(period?.unit ?? 'Y');
  const shown = period?.unit ?? unit;
  const inputProps = {
    id,
    disabled,
    'data-autofocus': autofocus,
    'aria-describedby': wrapper.description ? `${id}-description` : undefined,
  };
  return (
    <Input.Wrapper {...wrapper} id={id} labelProps={{ htmlFor: id }} descriptionProps={{ id: `${id}-description` }}>
      {value !== null && period === undefined ? (
        <TextInput
          {...inputProps}
          value={value}
          error={wrapper.error !== undefined && wrapper.error !== null}
          onChange={({ currentTarget }) => onChange(currentTarget.value || null)}
        />
      ) : (
        <Group gap="xs" wrap="nowrap" mt={4}>
          <NumberInput
            {...inputProps}
            style={{ flex: '1 1 6rem' }}
            min={1}
            allowDecimal={false}
            allowNegative={false}
            placeholder={placeholder}
            error={wrapper.error !== undefined && wrapper.error !== null}
            value={period?.amount ?? ''}
            onChange={(amount) => onChange(amount === '' ? null : periodText({ amount: Number(amount), unit: shown }))}
          />
          <Select
            aria-label={t('unit', { label: wrapper.label })}
            style={{ flex: '1 1 7rem' }}
            disabled={disabled}
            allowDeselect={false}
            data={PERIOD_UNITS.map((given) => ({ value: given, label: t(given) }))}
            value={shown}
            onChange={(chosen) => {
              setUnit(chosen as PeriodUnit);
              if (period) onChange(periodText({ ...period, unit: chosen as PeriodUnit }));
            }}
          />
        </Group>
      )}
    </Input.Wrapper>
  );
}
