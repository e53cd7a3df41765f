/** What can be done with an endpoint. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { api, newIdempotencyKey, read } from '../base/client';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { EditEndpoint } from './edit-endpoint';
import { DeleteEndpoint, DisableEndpoint } from './endpoint-dialogs';
import { RecoverEndpoint } from './recover-endpoint';
import { RotateSecret } from './rotate-secret';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

const DIALOGS = {
  edit: EditEndpoint,
  rotate: RotateSecret,
  recover: RecoverEndpoint,
  disable: DisableEndpoint,
  delete: DeleteEndpoint,
};

export function EndpointActions({ endpoint }: { endpoint: Endpoint }) {
  const t = useTexts(webhookTexts);
  const { id, status, allowed_actions: allowed } = endpoint;
  const [open, setOpen] = useState<keyof typeof DIALOGS>();
  const Dialog = open && DIALOGS[open];
  const navigate = useNavigate();
  const test = useAction({
    send: () =>
      read(
        api.POST('/api/v1/webhook-endpoints/{id}/test', {
          params: { path: { id }, header: { 'Idempotency-Key': newIdempotencyKey() } },
        }),
      ),
    done: () => t('done.test'),
    onDone: ({ delivery_id }) => void navigate({ to: `/deliveries/${delivery_id}` }),
  });
  const enable = useAction({
    send: () =>
      read(
        api.POST('/api/v1/webhook-endpoints/{id}/enable', {
          params: { path: { id }, header: { 'Idempotency-Key': newIdempotencyKey() } },
        }),
      ),
    done: () => t('done.enabled'),
  });
  return (
    <>
      <AllowedButton allowed={allowed.update} variant="default" onClick={() => setOpen('edit')}>
        {t('action.edit')}
      </AllowedButton>
      {status === 'disabled' ? (
        <AllowedButton allowed={allowed.enable} loading={enable.isPending} onClick={() => enable.mutate(undefined)}>
          {t('action.enable')}
        </AllowedButton>
      ) : (
        <AllowedButton allowed={allowed.disable} variant="default" onClick={() => setOpen('disable')}>
          {t('action.disable')}
        </AllowedButton>
      )}
      <AllowedButton
        allowed={allowed.test}
        variant="default"
        loading={test.isPending}
        onClick={() => test.mutate(undefined)}
      >
        {t('action.test')}
      </AllowedButton>
      <AllowedButton allowed={allowed.update} variant="default" onClick={() => setOpen('recover')}>
        {t('action.recover')}
      </AllowedButton>
      <AllowedButton allowed={allowed.rotate_secret} variant="default" onClick={() => setOpen('rotate')}>
        {t('action.rotate')}
      </AllowedButton>
      <AllowedButton allowed={allowed.delete} variant="light" color="red" onClick={() => setOpen('delete')}>
        {t('action.delete')}
      </AllowedButton>
      {Dialog && <Dialog endpoint={endpoint} onClose={() => setOpen(undefined)} />}
    </>
  );
}
