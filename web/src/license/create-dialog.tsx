/** Creates single licenses without a contract, and shows their keys. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ActionDialog } from '../base/action-dialog';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { useIdempotencyKey } from '../base/idempotency';
import type { components } from '../base/interface';
import { fieldErrors } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { FeatureEditor } from '../catalogue/feature-editor';
import { featuresOf } from '../catalogue/features';
import type { FeatureRow } from '../catalogue/features';
import { INITIAL, createBody, isComplete } from './create-body';
import type { LicenseCreate } from './create-body';
import { CreateFields } from './create-fields';
import { createTexts } from './create-texts';

type Created = components['schemas']['CreatedLicenses'];

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const t = useTexts(createTexts);
  const keyFor = useIdempotencyKey();
  const [form, setForm] = useState(INITIAL);
  const [rows, setRows] = useState<FeatureRow[]>([]);
  const [tried, setTried] = useState(false);
  const [created, setCreated] = useState<Created>();
  const action = useAction({
    send: (body: LicenseCreate) =>
      read(api.POST('/api/v1/licenses', { params: { header: { 'Idempotency-Key': keyFor(body) } }, body })),
    onDone: setCreated,
  });
  if (created) return <CreatedKeys created={created} onClose={onClose} />;
  const errors = fieldErrors(action.error);

  function submit(): void {
    const { features, faults } = featuresOf(rows);
    setTried(true);
    if (Object.keys(faults).length === 0) action.mutate(createBody(form, features));
  }

  return (
    <ActionDialog
      title={t('title')}
      submit={t('submit')}
      size="lg"
      pending={action.isPending}
      error={action.error}
      disabled={!isComplete(form)}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text size="sm">{t('text')}</Text>
      <CreateFields form={form} change={(changes) => setForm({ ...form, ...changes })} errors={errors} />
      <Text size="sm" fw={600}>
        {t('features')}
      </Text>
      <FeatureEditor rows={rows} onChange={setRows} error={errors['feature_overrides']} checked={tried} />
    </ActionDialog>
  );
}

function CreatedKeys({ created: { count, licenses }, onClose }: { created: Created; onClose: () => void }) {
  const t = useTexts(createTexts);
  const base = useTexts(baseTexts);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('keys')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      <Stack>
        <Text role="status">{t('done', { count })}</Text>
        {licenses.map(({ id, key }) => (
          <Group key={id} gap="xs" wrap="nowrap" justify="space-between">
            <CopyText text={key} />
            <Button component={Link} to={`/licenses/${id}`} size="xs" variant="subtle" miw="max-content">
              {base('action.details')}
            </Button>
          </Group>
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {base('action.close')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
