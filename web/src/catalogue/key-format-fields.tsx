/** The fields of a key format with samples, the number of keys and the largest quota, as the server computes them while one types. */
import { Code, Fieldset, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import { Facts } from '../base/facts';
import type { components } from '../base/interface';
import { fieldErrors } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import type { GeneratorValues } from './generator-values';
import { formatKeyspace } from './keyspace';
import { generatorTexts } from './generator-texts';

type Format = GeneratorValues['format'];
type Preview = components['schemas']['KeyFormatPreview'];

const DEBOUNCE_MS = 250;
const SEPARATORS = ['-', '_', '.'] as const;

export function KeyFormatFields({ form }: { form: UseFormReturnType<GeneratorValues> }) {
  const t = useTexts(generatorTexts);
  const [format] = useDebouncedValue(form.values.format, DEBOUNCE_MS);
  const preview = useQuery({
    queryKey: ['generators', 'preview', format],
    queryFn: ({ signal }) => readPreview(format, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const faults = fieldErrors(preview.error);
  const field = (name: keyof Format) => {
    const props = form.getInputProps(`format.${name}`);
    return { ...props, error: (props.error as string | undefined) ?? faults[name] };
  };
  const has_faults = Object.keys(faults).length > 0;
  return (
    <Fieldset legend={t('format')}>
      <Stack gap="sm">
        <Group align="flex-start" gap="sm">
          <TextInput label={t('prefix')} style={{ flex: '1 1 8rem' }} {...field('prefix')} />
          <NumberInput label={t('groups')} style={{ flex: '1 1 6rem' }} {...field('groups')} />
          <NumberInput label={t('group_length')} style={{ flex: '1 1 10rem' }} {...field('group_length')} />
          <Select
            label={t('separator')}
            data={[...SEPARATORS.map((value) => ({ value, label: value })), { value: '', label: t('no_separator') }]}
            allowDeselect={false}
            style={{ flex: '1 1 6rem' }}
            {...field('separator')}
          />
        </Group>
        <TextInput
          label={t('alphabet')}
          description={t('alphabet_text')}
          placeholder={preview.data?.format.alphabet ?? ''}
          {...field('alphabet')}
        />
        {preview.isError && !has_faults && (
          <ProblemAlert error={preview.error} onRetry={() => void preview.refetch()} />
        )}
        {preview.data && !preview.isError && <Shown preview={preview.data} stale={preview.isPlaceholderData} />}
      </Stack>
    </Fieldset>
  );
}

/** Three samples let one see what is random. */
function Shown({ preview: { samples, keyspace, largest_quota }, stale }: { preview: Preview; stale: boolean }) {
  const t = useTexts(generatorTexts);
  const language = useLanguage();
  return (
    <Stack gap="xs" aria-live="polite" aria-busy={stale} {...(stale ? { opacity: 0.6 } : {})}>
      <Text size="sm" fw={500}>
        {t('samples')}
      </Text>
      <Group gap="xs">
        {samples.map((sample) => (
          <Code key={sample} style={{ overflowWrap: 'anywhere' }}>
            {sample}
          </Code>
        ))}
      </Group>
      <Facts
        rows={[
          [t('keyspace'), formatKeyspace(keyspace, language)],
          [t('largest_quota'), formatKeyspace(largest_quota, language)],
        ]}
      />
    </Stack>
  );
}

/** Fields that are empty while one types go to the server as they are: it says what they need. */
function readPreview(
  { prefix, groups, group_length, alphabet, separator }: Format,
  signal: AbortSignal,
): Promise<Preview> {
  const query = {
    groups: groups as number,
    group_length: group_length as number,
    separator,
    ...(prefix === '' ? {} : { prefix }),
    ...(alphabet === '' ? {} : { alphabet }),
  };
  return read(api.GET('/api/v1/generators/preview', { params: { query }, signal }));
}
