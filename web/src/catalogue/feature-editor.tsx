/** Edits features: a name, the type of the value, and the value, or all of them as JSON. */
import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../base/texts';
import { FEATURE_TYPES, featuresOf, retyped } from './features';
import type { FeatureRow } from './features';
import { featureTexts } from './feature-texts';
import { choices } from './states';

interface FeatureEditorProps {
  rows: readonly FeatureRow[];
  onChange: (rows: FeatureRow[]) => void;
  /** What the interface says about the features. */
  error?: string | undefined;
  /** Faults of the rows are shown after the first try to save. */
  checked: boolean;
}

export function FeatureEditor({ rows, onChange, error, checked }: FeatureEditorProps) {
  const t = useTexts(featureTexts);
  const [added, setAdded] = useState(0);
  const { faults } = featuresOf(rows);
  const replace = (row: FeatureRow) => onChange(rows.map((other) => (other.key === row.key ? row : other)));

  function add(): void {
    setAdded(added + 1);
    onChange([...rows, { key: `added-${added}`, name: '', type: 'boolean', value: 'true' }]);
  }

  return (
    <Fieldset legend={t('features')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('features_text')}
        </Text>
        {error !== undefined && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
        {rows.map((row, index) => {
          const fault = checked ? faults[row.key] : undefined;
          return (
            <Group
              key={row.key}
              align="flex-start"
              gap="xs"
              role="group"
              aria-label={t('feature', { index: index + 1 })}
            >
              <TextInput
                label={t('name')}
                value={row.name}
                error={(fault === 'no_name' || fault === 'name_twice') && t(fault)}
                style={{ flex: '2 1 9rem' }}
                onChange={({ currentTarget: { value } }) => replace({ ...row, name: value })}
              />
              <Select
                label={t('type')}
                data={choices(t, FEATURE_TYPES)}
                value={row.type}
                allowDeselect={false}
                style={{ flex: '1 1 7rem' }}
                onChange={(type) => type && replace(retyped(row, type))}
              />
              <ValueField
                row={row}
                error={(fault === 'no_number' || fault === 'no_json') && t(fault)}
                onChange={(value) => replace({ ...row, value })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                mt="1.5rem"
                aria-label={t('remove', { name: row.name })}
                onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            </Group>
          );
        })}
        <Group>
          <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
            {t('add')}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}

interface ValueFieldProps {
  row: FeatureRow;
  error: string | false;
  onChange: (value: string) => void;
}

function ValueField({ row: { type, value }, error, onChange }: ValueFieldProps) {
  const t = useTexts(featureTexts);
  const shared = { label: t('value'), error, style: { flex: '2 1 9rem' } };
  if (type === 'boolean')
    return (
      <Stack gap={4} style={shared.style}>
        <Text size="sm" fw={500} aria-hidden>
          {t('value')}
        </Text>
        <Switch
          mt={6}
          checked={value === 'true'}
          label={value === 'true' ? t('on') : t('off')}
          onChange={({ currentTarget: { checked } }) => onChange(String(checked))}
        />
      </Stack>
    );
  if (type === 'number')
    return <NumberInput {...shared} value={value} onChange={(number) => onChange(String(number))} hideControls />;
  return (
    <TextInput
      {...shared}
      {...(type === 'json' ? { ff: 'monospace' } : {})}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
