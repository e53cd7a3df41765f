/** The features of a generator as toggles and fields. They read and write the JSON of the overrides, so both always show the same. */
import { ActionIcon, Fieldset, Group, NumberInput, Stack, Switch, Text, TextInput, Tooltip } from '@mantine/core';
import { IconRestore } from '@tabler/icons-react';
import { useTexts } from '../base/texts';
import { jsonText, parseObject } from './contract-form';
import { featureRows, resetFeature, setFeature } from './feature-overrides';
import type { FeatureRow, Features } from './feature-overrides';
import { formTexts } from './form-texts';

interface FeatureTogglesProps {
  features: Features | undefined;
  text: string;
  disabled: boolean;
  onChange: (text: string) => void;
}

export function FeatureToggles({ features, text, disabled, onChange }: FeatureTogglesProps) {
  const t = useTexts(formTexts);
  if (features === undefined) return null;
  const overrides = parseObject(text);
  const rows = featureRows(features, overrides ?? {}).filter(({ kind }) => kind !== 'other');
  const change = (changed: Features) => onChange(jsonText(changed));
  return (
    <Fieldset legend={t('features.title')}>
      <Stack gap="sm">
        {overrides === undefined && (
          <Text size="sm" c="red">
            {t('features.json_wrong')}
          </Text>
        )}
        {rows.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('generator.features_none')}
          </Text>
        )}
        {rows.map((row) => (
          <Group key={row.name} gap="sm" justify="space-between" wrap="nowrap" align="flex-start">
            <FeatureField
              row={row}
              disabled={disabled || overrides === undefined}
              onChange={(value) => change(setFeature(features, overrides ?? {}, row.name, value))}
            />
            {row.overridden && (
              <Tooltip label={t('features.reset', { name: row.name })}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  disabled={disabled}
                  aria-label={t('features.reset', { name: row.name })}
                  onClick={() => change(resetFeature(overrides ?? {}, row.name))}
                >
                  <IconRestore size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
        ))}
      </Stack>
    </Fieldset>
  );
}

interface FeatureFieldProps {
  row: FeatureRow;
  disabled: boolean;
  onChange: (value: unknown) => void;
}

function FeatureField({ row: { name, base, value, overridden, kind }, disabled, onChange }: FeatureFieldProps) {
  const t = useTexts(formTexts);
  const description =
    base === undefined
      ? t('features.own')
      : overridden
        ? t('features.overridden', { value: JSON.stringify(base) })
        : t('features.of_generator');
  const field = { label: name, description, disabled, style: { overflowWrap: 'anywhere' as const } };
  if (kind === 'boolean')
    return (
      <Switch {...field} checked={value === true} onChange={({ currentTarget: { checked } }) => onChange(checked)} />
    );
  if (kind === 'number')
    return (
      <NumberInput
        {...field}
        value={typeof value === 'number' ? value : ''}
        onChange={(given) => typeof given === 'number' && onChange(given)}
      />
    );
  return (
    <TextInput
      {...field}
      value={typeof value === 'string' ? value : ''}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
