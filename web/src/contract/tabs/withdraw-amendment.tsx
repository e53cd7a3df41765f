/** Withdraws a pending amendment, after showing what then does not happen. */
import { Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ActionDialog } from '../../base/action-dialog';
import { AllowedButton } from '../../base/allowed-button';
import { api, read } from '../../base/client';
import { formatLocalDate } from '../../base/instants';
import type { components } from '../../base/interface';
import { useLanguage, useTexts } from '../../base/texts';
import { useAction } from '../../base/use-action';
import { amendmentTexts } from './amendment-texts';
import { Differences } from './differences';

export function WithdrawAmendment({ amendment }: { amendment: components['schemas']['Amendment'] }) {
  const t = useTexts(amendmentTexts);
  const language = useLanguage();
  const [opened, dialog] = useDisclosure(false);
  const { id, contract_id, effective_date, changes, status, allowed_actions } = amendment;
  const withdraw = useAction({
    send: () => {
      const path = { id: contract_id, amendment_id: id };
      return read(api.DELETE('/api/v1/contracts/{id}/amendments/{amendment_id}', { params: { path } }));
    },
    done: () => t('withdraw.done'),
    onDone: dialog.close,
  });
  if (status !== 'pending') return null;
  return (
    <>
      <AllowedButton size="xs" variant="default" allowed={allowed_actions.withdraw} onClick={dialog.open}>
        {t('withdraw')}
      </AllowedButton>
      {opened && (
        <ActionDialog
          title={t('withdraw.title')}
          submit={t('withdraw')}
          danger
          pending={withdraw.isPending}
          error={withdraw.error}
          onSubmit={() => withdraw.mutate(undefined)}
          onClose={dialog.close}
        >
          <Text size="sm">{t('withdraw.text', { date: formatLocalDate(effective_date, language) })}</Text>
          <Differences before={null} after={changes} />
        </ActionDialog>
      )}
    </>
  );
}
