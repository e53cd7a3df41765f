/** Creates an endpoint, then shows its secret once. */
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { EndpointFields } from './endpoint-fields';
import { createBody, NEW_ENDPOINT } from './endpoint-values';
import type { EndpointValues } from './endpoint-values';
import { SecretDialog } from './secret-dialog';
import { webhookTexts } from './texts';

interface CreateEndpointProps {
  /** Chosen at first. */
  contractId?: string | undefined;
  onClose: () => void;
}

export function CreateEndpoint({ contractId, onClose }: CreateEndpointProps) {
  const t = useTexts(webhookTexts);
  const base = useTexts(baseTexts);
  const navigate = useNavigate();
  const keyFor = useIdempotencyKey();
  const form = useForm<EndpointValues>({
    initialValues: { ...NEW_ENDPOINT, contract_id: contractId ?? null },
    validate: {
      url: (url) => (url.trim() === '' ? base('required') : null),
      events: (events, { every_event }) => (!every_event && events.length === 0 ? t('events.required') : null),
    },
  });
  const create = useAction({
    send: (values: EndpointValues) => {
      const body = createBody(values);
      return read(
        api.POST('/api/v1/webhook-endpoints', { body, params: { header: { 'Idempotency-Key': keyFor(body) } } }),
      );
    },
    done: () => t('done.created'),
  });

  function submit(values: EndpointValues): void {
    create.mutate(values, { onError: (error) => form.setErrors(fieldErrors(error)) });
  }

  if (create.data) {
    const { id, secret } = create.data;
    return <SecretDialog secret={secret} onClose={() => void navigate({ to: `/webhook-endpoints/${id}` })} />;
  }
  return (
    <ActionDialog
      title={t('endpoints.create')}
      submit={t('endpoints.create')}
      onSubmit={form.onSubmit(submit)}
      onClose={onClose}
      pending={create.isPending}
      error={create.error}
      size="lg"
    >
      <EndpointFields form={form} isNew isOfContract={false} />
    </ActionDialog>
  );
}
