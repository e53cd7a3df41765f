/** Edits an endpoint. When another person edited it meanwhile, shows both versions to choose from. */
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { ConflictDialog } from '../base/conflict';
import { conflictFields, mergeFields } from '../base/conflict-fields';
import { fieldErrors, RequestFailed } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { EndpointFields } from './endpoint-fields';
import { termsOf, valuesOf } from './endpoint-values';
import type { EndpointTerms, EndpointValues } from './endpoint-values';
import type { Endpoint } from './states';
import { webhookTexts } from './texts';

interface EditEndpointProps {
  endpoint: Endpoint;
  onClose: () => void;
}

const LABELS = { url: 'url', description: 'description', events: 'events', rate_per_second: 'rate' } as const;

export function EditEndpoint({ endpoint, onClose }: EditEndpointProps) {
  const t = useTexts(webhookTexts);
  const base = useTexts(baseTexts);
  const queries = useQueryClient();
  /** What the form started from, which stays as it is when the page reads the endpoint again. */
  const [basis, setBasis] = useState(endpoint);
  const [theirs, setTheirs] = useState<Endpoint>();
  const form = useForm<EndpointValues>({
    initialValues: valuesOf(endpoint),
    validate: {
      url: (url) => (url.trim() === '' ? base('required') : null),
      events: (events, { every_event }) => (!every_event && events.length === 0 ? t('events.required') : null),
    },
  });
  const params = { path: { id: endpoint.id } };
  const save = useAction({
    send: (terms: EndpointTerms) =>
      read(
        api.PATCH('/api/v1/webhook-endpoints/{id}', {
          params: { ...params, header: { 'If-Match': `"${basis.revision}"` } },
          body: changesOf(terms, basis),
        }),
      ),
    done: () => t('done.saved'),
    onDone: onClose,
  });

  async function onError(error: unknown): Promise<void> {
    form.setErrors(fieldErrors(error));
    if (!(error instanceof RequestFailed) || error.status !== 412) return;
    setTheirs(
      await queries.fetchQuery({
        queryKey: ['webhook-endpoint', endpoint.id],
        queryFn: () => read(api.GET('/api/v1/webhook-endpoints/{id}', { params })),
        staleTime: 0,
      }),
    );
  }

  if (theirs) {
    const mine = termsOf(form.values);
    return (
      <ConflictDialog
        fields={conflictFields({ ...basis }, { ...mine }, { ...theirs })}
        labelOf={(name) => (name in LABELS ? t(LABELS[name as keyof EndpointTerms]) : name)}
        onChosen={(choices) => {
          form.setValues(valuesOf({ ...theirs, ...mergeFields({ ...mine }, { ...theirs }, choices) }));
          setBasis(theirs);
          setTheirs(undefined);
          save.reset();
        }}
        onClose={() => setTheirs(undefined)}
      />
    );
  }
  return (
    <ActionDialog
      title={t('action.edit')}
      submit={base('action.save')}
      onSubmit={form.onSubmit((values) => save.mutate(termsOf(values), { onError: (error) => void onError(error) }))}
      onClose={onClose}
      pending={save.isPending}
      error={save.error}
      size="lg"
    >
      <EndpointFields form={form} isNew={false} isOfContract={endpoint.is_of_contract} />
    </ActionDialog>
  );
}

/** The fields that differ. A masked URL, which a lower role reads, is not sent back. */
function changesOf(terms: EndpointTerms, basis: Endpoint): Partial<EndpointTerms> {
  const names = Object.keys(terms) as (keyof EndpointTerms)[];
  const changed = names.filter((name) => JSON.stringify(terms[name]) !== JSON.stringify(basis[name]));
  return Object.fromEntries(changed.map((name) => [name, terms[name]]));
}
