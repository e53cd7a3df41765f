/** What can be done with one license: assign, suspend, reinstate, revoke and return it. */
import { Textarea, Text } from '@mantine/core';
import { useState } from 'react';
import { useMayWrite } from '../access/use-may-write';
import { ActionDialog } from '../base/action-dialog';
import { AllowedButton } from '../base/allowed-button';
import { api, read } from '../base/client';
import { useIdempotencyKey } from '../base/idempotency';
import { useOfferActions } from '../base/page-actions';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { BulkDialog } from './bulk-dialog';
import { bulkTexts } from './bulk-texts';
import { detailTexts } from './detail-texts';
import type { License } from './license-query';

type Change = keyof License['allowed_actions'];

/** The changes that would change something. Whether they are possible is what the interface says. */
function changesOf({ suspended_at, revoked_at, customer_id }: License): Change[] {
  const suspended = suspended_at !== null && revoked_at === null;
  return [
    ...(customer_id === null ? [] : ['return' as const]),
    suspended ? ('reinstate' as const) : ('suspend' as const),
    'revoke',
  ];
}

export function LicenseActions({ license }: { license: License }) {
  const t = useTexts(detailTexts);
  const bulk = useTexts(bulkTexts);
  const mayAssign = useMayWrite('admin');
  const [open, setOpen] = useState<Change | 'assign'>();
  const changes = changesOf(license);
  useOfferActions(
    changes
      .filter((change) => license.allowed_actions[change] === true)
      .map((change) => ({ id: change, label: t(`${change}.button`), run: () => setOpen(change) })),
  );
  const close = () => setOpen(undefined);
  return (
    <>
      {mayAssign && (
        <AllowedButton allowed variant="default" onClick={() => setOpen('assign')}>
          {bulk('assign.button')}
        </AllowedButton>
      )}
      {changes.map((change) => (
        <AllowedButton
          key={change}
          variant={change === 'revoke' ? 'outline' : 'default'}
          {...(change === 'revoke' ? { color: 'red' } : {})}
          allowed={license.allowed_actions[change]}
          onClick={() => setOpen(change)}
        >
          {t(`${change}.button`)}
        </AllowedButton>
      ))}
      {open === 'assign' && <BulkDialog kind="assign" which={{ ids: [license.id] }} onClose={close} />}
      {open !== undefined && open !== 'assign' && <ChangeDialog license={license} change={open} onClose={close} />}
    </>
  );
}

interface ChangeDialogProps {
  license: License;
  change: Change;
  onClose: () => void;
}

function ChangeDialog({ license: { id }, change, onClose }: ChangeDialogProps) {
  const t = useTexts(detailTexts);
  const bulk = useTexts(bulkTexts);
  const keyFor = useIdempotencyKey();
  const [reason, setReason] = useState('');
  const action = useAction({
    send: (body: { reason: string | null }) =>
      read(
        api.POST(`/api/v1/licenses/{id}/${change}`, {
          params: { path: { id }, header: { 'Idempotency-Key': keyFor(body) } },
          body,
        }),
      ),
    done: () => t(`${change}.done`),
    onDone: onClose,
  });
  return (
    <ActionDialog
      title={t(`${change}.title`)}
      submit={t(`${change}.button`)}
      danger={change === 'revoke'}
      pending={action.isPending}
      error={action.error}
      onSubmit={() => action.mutate({ reason: reason.trim() || null })}
      onClose={onClose}
    >
      <Text size="sm">{t(`${change}.text`)}</Text>
      <Textarea
        label={bulk('reason')}
        description={bulk('reason.help')}
        value={reason}
        error={fieldErrors(action.error)['reason']}
        autosize
        minRows={2}
        onChange={({ currentTarget: { value } }) => setReason(value)}
        data-autofocus
      />
    </ActionDialog>
  );
}
