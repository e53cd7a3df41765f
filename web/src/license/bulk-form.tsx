/** The form of an operation on licenses. Its first submit shows a preview, its second one does what was shown. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { gated } from '../base/gate';
import { useIdempotencyKey } from '../base/idempotency';
import { formatNumber } from '../base/instants';
import { fieldErrors, isRefusal } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { useSingleMutation } from '../base/use-single-mutation';
import { BulkFields } from './bulk-fields';
import { requestBulk } from './bulk-requests';
import type { BulkInput, BulkKind, BulkResult, Which } from './bulk-requests';
import { ResultSummary } from './bulk-result';
import { bulkTexts } from './bulk-texts';

interface BulkFormProps {
  kind: BulkKind;
  which: Which;
  onClose: () => void;
  onDone: (result: BulkResult) => void;
}

/** From this number on, a revocation is confirmed by typing how many licenses it is about. */
const LARGE = 100;

const NO_INPUT: BulkInput = { customer_email: '', customer_name: '', reassign: false, reason: '' };

export function BulkForm({ kind, which, onClose, onDone }: BulkFormProps) {
  const t = useTexts(bulkTexts);
  const base = useTexts(baseTexts);
  const keyFor = useIdempotencyKey();
  const [input, setInput] = useState(NO_INPUT);
  const [typed, setTyped] = useState('');
  const preview = useSingleMutation({ mutationFn: () => gated(() => requestBulk(kind, which, input)) });
  const action = useAction({
    send: () => requestBulk(kind, which, input, keyFor([which, input])),
    onDone,
  });
  const shown = preview.data;
  // A count that takes too long is no reason to refuse the operation: its job has no such limit.
  const blind = isRefusal(preview.error, 'DRY_RUN_TOO_SLOW');
  const large = kind === 'revoke' && shown !== undefined && shown.counts.done > LARGE;
  const ready = blind || (shown !== undefined && shown.counts.done > 0);
  const confirmed = !large || typed.replace(/\D/g, '') === String(shown.counts.done);
  const error = action.error ?? preview.error;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!ready) preview.mutate();
    else if (confirmed) action.mutate();
  }

  function change(changes: Partial<BulkInput>): void {
    setInput({ ...input, ...changes });
    setTyped('');
    preview.reset();
    action.reset();
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t(`${kind}.text`)}</Text>
        <Text size="sm">
          {'ids' in which
            ? t('selected', { count: which.ids.length })
            : `${t('selected_filter')} ${t('test_excluded')}`}
        </Text>
        <BulkFields kind={kind} input={input} change={change} errors={fieldErrors(error)} />
        {shown && <Preview kind={kind} result={shown} />}
        {large && <TypeCount count={shown.counts.done} typed={typed} onType={setTyped} />}
        {error && <ProblemAlert error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {base('action.cancel')}
          </Button>
          <Button
            type="submit"
            color={ready && kind === 'revoke' ? 'red' : undefined}
            loading={preview.isPending || action.isPending}
            disabled={ready && !confirmed}
          >
            {submitText()}
          </Button>
        </Group>
      </Stack>
    </form>
  );

  function submitText(): string {
    if (blind) return t(`${kind}.blind`);
    return ready ? t(`${kind}.do`, { count: shown?.counts.done }) : base('action.preview');
  }
}

function Preview({ kind, result }: { kind: BulkKind; result: BulkResult }) {
  const t = useTexts(bulkTexts);
  return (
    <Stack gap="sm" role="status">
      <Text fw={600} size="sm">
        {t('preview.title')}
      </Text>
      <ResultSummary kind={kind} counts={result.counts} outcomes={result.outcomes} />
      {result.counts.done === 0 && <Text size="sm">{t('preview.nothing')}</Text>}
      {result.background && (
        <Text size="sm" c="dimmed">
          {t('preview.background')}
        </Text>
      )}
    </Stack>
  );
}

interface TypeCountProps {
  count: number;
  typed: string;
  onType: (typed: string) => void;
}

function TypeCount({ count, typed, onType }: TypeCountProps) {
  const t = useTexts(bulkTexts);
  const language = useLanguage();
  return (
    <TextInput
      label={t('type.count', { count: formatNumber(count, language) })}
      value={typed}
      inputMode="numeric"
      autoComplete="off"
      onChange={({ currentTarget: { value } }) => onType(value)}
    />
  );
}
