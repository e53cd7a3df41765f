/** The dialog of an action on a contract: its fields, what it would change (dry run), and the button that does it. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { gated } from '../base/gate';
import { useIdempotencyKey } from '../base/idempotency';
import { fieldErrors, isRefusal } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { ACTION_FIELDS, INITIAL_BODY, STAND_INS } from './action-fields';
import { runCommand, tryCommand } from './action-requests';
import type { CommandBody, CommandName } from './action-requests';
import { actionTexts } from './action-texts';
import { ChangePreview } from './change-preview';
import type { Contract } from './states';

const DEBOUNCE_MS = 300;
const DANGEROUS: readonly CommandName[] = ['terminate', 'compliance_hold'];

interface ActionDialogProps {
  contract: Contract;
  name: CommandName;
  onClose: () => void;
}

export function ActionDialog({ contract, name, onClose }: ActionDialogProps) {
  const t = useTexts(actionTexts);
  const base = useTexts(baseTexts);
  const queries = useQueryClient();
  const keyFor = useIdempotencyKey();
  const [body, setBody] = useState<CommandBody>(INITIAL_BODY[name] ?? {});
  const action = useAction({
    send: (given: CommandBody) => runCommand(contract, name, given, keyFor([contract.revision, given])),
    done: () => t(`${name}.done`, { name: contract.name }),
    onDone: onClose,
  });
  // The action itself changes the answer to its trial.
  const trial = useTrial(contract, name, body, action.isIdle || action.isError);
  const Fields = ACTION_FIELDS[name];
  const errors = { ...fieldErrors(trial.error), ...fieldErrors(action.error) };

  function submit(event: FormEvent): void {
    event.preventDefault();
    action.mutate(body);
  }

  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(`${name}.title`)}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {t(`${name}.text`)}
          </Text>
          {Fields && (
            <Fields
              contract={contract}
              body={body}
              errors={errors}
              change={(changes) => setBody((current) => ({ ...current, ...changes }))}
            />
          )}
          {!action.isError && <ChangePreview before={contract} trial={trial} />}
          {action.isError && (
            <ProblemAlert
              error={action.error}
              onRetry={
                isRefusal(action.error, 'REVISION_CONFLICT')
                  ? () => {
                      action.reset();
                      void queries.invalidateQueries();
                    }
                  : undefined
              }
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {base('action.cancel')}
            </Button>
            <Button
              type="submit"
              loading={action.isPending}
              disabled={trial.isError}
              {...(DANGEROUS.includes(name) ? { color: 'red' } : {})}
            >
              {t(`${name}.submit`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The contract as the action would leave it, while the person types. */
function useTrial(contract: Contract, name: CommandName, body: CommandBody, wanted: boolean) {
  const [settled] = useDebouncedValue(body, DEBOUNCE_MS);
  const complete = withStandIns(name, settled);
  return useQuery({
    queryKey: ['contract', contract.id, 'trial', name, contract.revision, complete],
    queryFn: ({ signal }) => gated(() => tryCommand(contract, name, complete, signal)),
    enabled: wanted,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

function withStandIns(name: CommandName, body: CommandBody): CommandBody {
  const missing = Object.entries(STAND_INS[name] ?? {}).filter(([field]) => !body[field]);
  return { ...body, ...Object.fromEntries(missing) };
}
