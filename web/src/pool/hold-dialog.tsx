/** Assigns the licenses that an order holds, or makes them available again. */
import { Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { api, read } from '../base/client';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { poolTexts } from './texts';
import type { Hold } from './use-contract';

interface HoldDialogProps {
  hold: Hold;
  change: 'assign' | 'release';
  onClose: () => void;
}

export function HoldDialog({ hold: { id, order_ref, customer_id }, change, onClose }: HoldDialogProps) {
  const t = useTexts(poolTexts);
  const keyFor = useIdempotencyKey();
  const [email, setEmail] = useState('');
  const action = useAction({
    send: (customer_email: string) => {
      const params = { path: { id }, header: { 'Idempotency-Key': keyFor([change, customer_email]) } };
      if (change === 'release') return read(api.POST('/api/v1/holds/{id}/release', { params }));
      const body = customer_email === '' ? {} : { customer_email };
      return read(api.POST('/api/v1/holds/{id}/assign', { params, body }));
    },
    done: () => t(`${change}.done`),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t(`${change}.title`, { order: order_ref })}
      submit={t(`${change}.button`)}
      pending={action.isPending}
      error={action.error}
      disabled={change === 'assign' && customer_id === null && email.trim() === ''}
      onSubmit={() => action.mutate(email.trim())}
      onClose={onClose}
    >
      {change === 'release' ? (
        <Text size="sm">{t('release.text')}</Text>
      ) : (
        <TextInput
          type="email"
          label={t('email')}
          required={customer_id === null}
          value={email}
          error={fieldErrors(action.error)['customer_email']}
          autoComplete="off"
          onChange={({ currentTarget: { value } }) => setEmail(value)}
          data-autofocus
        />
      )}
    </ActionDialog>
  );
}
