/** Generates licenses of a contract: how many, what would happen (dry run), then the keys or the progress of the job. */
import { Button, Checkbox, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { gated } from '../base/gate';
import { useIdempotencyKey } from '../base/idempotency';
import { formatNumber } from '../base/instants';
import { fieldErrors } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { Generated } from './generated';
import { generateTexts } from './generate-texts';
import type { Contract, GenerateResult } from './states';

const DEBOUNCE_MS = 300;

interface Input {
  count: number;
  test: boolean;
}

interface GenerateDialogProps {
  contract: Contract;
  onClose: () => void;
}

export function GenerateDialog({ contract, onClose }: GenerateDialogProps) {
  const t = useTexts(generateTexts);
  const base = useTexts(baseTexts);
  const [result, setResult] = useState<GenerateResult>();
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('generate')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      {result ? (
        <Generated contract={contract} result={result} onClose={onClose} />
      ) : (
        <GenerateForm contract={contract} onClose={onClose} onGenerated={setResult} />
      )}
    </Modal>
  );
}

interface GenerateFormProps extends GenerateDialogProps {
  onGenerated: (result: GenerateResult) => void;
}

function GenerateForm({ contract, onClose, onGenerated }: GenerateFormProps) {
  const t = useTexts(generateTexts);
  const base = useTexts(baseTexts);
  const language = useLanguage();
  const keyFor = useIdempotencyKey();
  const [count, setCount] = useState<number | string>(1);
  const { generate, generate_test } = contract.allowed_actions;
  // Only a draft gives test licenses, and it gives no others.
  const [test, setTest] = useState(generate !== true && generate_test === true);
  const input: Input = { count: Number(count), test };
  const action = useAction({
    send: (given: Input) =>
      read(
        api.POST('/api/v1/contracts/{id}/generate', {
          params: { path: { id: contract.id }, header: { 'Idempotency-Key': keyFor(given) } },
          body: given,
        }),
      ),
    onDone: onGenerated,
  });
  // What is generated changes the answer to the trial, which then says nothing about this request.
  const trial = useTrial(contract, input, action.isIdle || action.isError);
  const error = action.error ?? trial.error;

  function submit(event: FormEvent): void {
    event.preventDefault();
    action.mutate(input);
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <NumberInput
          label={t('count')}
          description={
            test
              ? t('count.test_help')
              : t('count.help', { remaining: formatNumber(contract.quota.remaining, language) })
          }
          min={1}
          allowDecimal={false}
          clampBehavior="none"
          {...thousands(language)}
          required
          value={count}
          error={fieldErrors(error)['count']}
          onChange={setCount}
          data-autofocus
        />
        {generate_test === true && (
          <Checkbox
            label={t('test')}
            description={t('test.help')}
            checked={test}
            onChange={({ currentTarget: { checked } }) => setTest(checked)}
          />
        )}
        {error ? <ProblemAlert error={error} /> : <Preview input={input} trial={trial.data} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {base('action.cancel')}
          </Button>
          <Button type="submit" loading={action.isPending} disabled={count === '' || trial.isError}>
            {t('submit')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Preview({ input, trial }: { input: Input; trial: GenerateResult | undefined }) {
  const t = useTexts(generateTexts);
  const language = useLanguage();
  if (trial === undefined) return null;
  const values = {
    count: trial.licenses_requested,
    shown: formatNumber(trial.licenses_requested, language),
    remaining: formatNumber(trial.quota_remaining, language),
  };
  // The interface generates small batches at once, and queues a job for large ones.
  const queued = trial.licenses_generated === 0;
  return (
    <Text size="sm" role="status">
      {t(queued ? 'preview.queued' : 'preview.at_once', values)}{' '}
      {t(input.test ? 'preview.not_counted' : 'preview.remaining', values)}
    </Text>
  );
}

function thousands(language: string) {
  return language === 'de'
    ? { thousandSeparator: '.', decimalSeparator: ',' }
    : { thousandSeparator: ',', decimalSeparator: '.' };
}

/** What the request would do, while the person types. */
function useTrial({ id, revision }: Contract, input: Input, wanted: boolean) {
  const [settled] = useDebouncedValue(input, DEBOUNCE_MS, { leading: true });
  return useQuery({
    queryKey: ['contract', id, 'trial', 'generate', revision, settled.count, settled.test],
    queryFn: ({ signal }) =>
      gated(() =>
        read(
          api.POST('/api/v1/contracts/{id}/generate', {
            params: { path: { id }, query: { dry_run: 'true' } },
            body: settled,
            signal,
          }),
        ),
      ),
    enabled: wanted && settled.count > 0,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
}
