/** Takes licenses of a pool for an order: assigned to a customer at once, or held for some minutes. */
import { NumberInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { api, read } from '../base/client';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { poolTexts } from './texts';

/** The order reference makes a repetition safe, so the request needs no other key. */
export function GrabDialog({ contract_id, onClose }: { contract_id: string; onClose: () => void }) {
  const t = useTexts(poolTexts);
  const [input, setInput] = useState({
    order_ref: '',
    count: 1 as number | string,
    email: '',
    minutes: 15 as number | string,
  });
  const change = (changes: Partial<typeof input>) => setInput({ ...input, ...changes });
  const email = input.email.trim();
  const action = useAction({
    send: () =>
      read(
        api.POST('/api/v1/contracts/{id}/pool/grab', {
          params: { path: { id: contract_id } },
          body: {
            order_ref: input.order_ref.trim(),
            count: Number(input.count),
            ...(email === '' ? { hold_minutes: Number(input.minutes) } : { customer_email: email }),
          },
        }),
      ),
    done: ({ licenses }) => t('grab.done', { count: licenses.length }),
    onDone: onClose,
  });
  const errors = fieldErrors(action.error);
  return (
    <ActionDialog
      title={t('grab.title')}
      submit={t('grab.button')}
      pending={action.isPending}
      error={action.error}
      disabled={input.order_ref.trim() === ''}
      onSubmit={() => action.mutate()}
      onClose={onClose}
    >
      <Text size="sm">{t('grab.text')}</Text>
      <TextInput
        label={t('order_ref')}
        description={t('order_ref.help')}
        required
        value={input.order_ref}
        error={errors['order_ref']}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => change({ order_ref: value })}
        data-autofocus
      />
      <NumberInput
        label={t('count')}
        min={1}
        allowDecimal={false}
        clampBehavior="none"
        required
        value={input.count}
        error={errors['count']}
        onChange={(count) => change({ count })}
      />
      <TextInput
        type="email"
        label={t('email')}
        value={input.email}
        error={errors['customer_email']}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => change({ email: value })}
      />
      {email === '' && (
        <NumberInput
          label={t('hold_minutes')}
          description={t('hold_minutes.help')}
          min={1}
          allowDecimal={false}
          clampBehavior="none"
          value={input.minutes}
          error={errors['hold_minutes']}
          onChange={(minutes) => change({ minutes })}
        />
      )}
    </ActionDialog>
  );
}
