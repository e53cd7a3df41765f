/** Access of partners: the API key with its limits and addresses, and the webhook. */
import { Button, Checkbox, Group, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useTexts } from '../base/texts';
import { useContractForm, useField } from './form-context';
import { FormSection } from './form-section';
import { formTexts } from './form-texts';
import { LIMIT_PRESETS } from './limit-presets';

const WINDOWS = ['per_minute', 'per_hour', 'per_day'] as const;

export function ApiSection() {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const field = useField();
  return (
    <FormSection
      title={t('section.api')}
      wide={
        form.values.api_access && (
          <Textarea {...field('ip_allowlist')} autosize minRows={3} maxRows={16} spellCheck={false} />
        )
      }
    >
      <Checkbox {...field('api_access', 'checkbox')} />
      {form.values.api_access && (
        <>
          <Presets />
          <Stack gap="sm">
            {WINDOWS.map((window) => (
              <NumberInput
                key={window}
                {...field(`rate_limits.${window}`)}
                min={1}
                allowDecimal={false}
                clampBehavior="none"
              />
            ))}
          </Stack>
          <Stack gap="sm">
            {WINDOWS.map((window) => (
              <NumberInput
                key={window}
                {...field(`rate_limits.licenses.${window}`)}
                min={1}
                allowDecimal={false}
                clampBehavior="none"
              />
            ))}
          </Stack>
        </>
      )}
    </FormSection>
  );
}

/** Fills the limits of requests with recommended ones. */
function Presets() {
  const t = useTexts(formTexts);
  const { form } = useContractForm();
  const field = useField();
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} id="limit-presets">
        {t('presets.title')}
      </Text>
      <Group gap="xs" role="group" aria-labelledby="limit-presets">
        {(Object.keys(LIMIT_PRESETS) as (keyof typeof LIMIT_PRESETS)[]).map((name) => (
          <Button
            key={name}
            size="xs"
            variant="default"
            disabled={field('rate_limits.per_minute').disabled}
            onClick={() => form.setFieldValue('rate_limits', { ...form.values.rate_limits, ...LIMIT_PRESETS[name] })}
          >
            {t(`preset.${name}`)}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

export function WebhookSection() {
  const t = useTexts(formTexts);
  const field = useField();
  return (
    <FormSection title={t('section.webhook')}>
      <TextInput {...field('webhook_url')} type="url" inputMode="url" placeholder="https://partner.example/covenant" />
    </FormSection>
  );
}
