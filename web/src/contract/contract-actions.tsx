/** What one can do with a contract: generate and edit as buttons, everything else in a menu. */
import { Button, Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { IconChevronDown, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { AllowedButton, AllowedMenuItem, isOffered } from '../base/allowed-button';
import { baseTexts } from '../base/base-texts';
import { useOfferActions } from '../base/page-actions';
import { useTexts } from '../base/texts';
import { ActionDialog } from './action-dialog';
import { COMMAND_NAMES } from './action-requests';
import type { CommandName } from './action-requests';
import { actionTexts } from './action-texts';
import { DeleteDialog } from './delete-dialog';
import { GenerateDialog } from './generate-dialog';
import { generateTexts } from './generate-texts';
import { isRelevant } from './relevant-actions';
import type { Contract } from './states';

type Opened = CommandName | 'generate' | 'delete';

export function ContractActions({ contract }: { contract: Contract }) {
  const t = useTexts(actionTexts);
  const base = useTexts(baseTexts);
  const g = useTexts(generateTexts);
  const navigate = useNavigate();
  const [opened, setOpened] = useState<Opened>();
  const { allowed_actions: allowed } = contract;
  const close = () => setOpened(undefined);
  const edit = () => void navigate({ to: `/contracts/${contract.id}/edit` });
  const commands = COMMAND_NAMES.filter((name) => isRelevant(contract, name) && isOffered(allowed[name]));
  const generate = generateAction(contract);

  useOfferActions([
    ...(generate === true ? [{ id: 'generate', label: g('generate'), run: () => setOpened('generate') }] : []),
    ...(allowed.edit_particulars === true ? [{ id: 'edit', label: base('action.edit'), run: edit }] : []),
    ...commands
      .filter((name) => allowed[name] === true)
      .map((name) => ({ id: name, label: t(`${name}.title`), run: () => setOpened(name) })),
    ...(allowed.delete === true ? [{ id: 'delete', label: t('delete.title'), run: () => setOpened('delete') }] : []),
  ]);

  return (
    <>
      <AllowedButton
        allowed={generate}
        leftSection={<IconPlus size={16} aria-hidden />}
        onClick={() => setOpened('generate')}
      >
        {g('generate')}
      </AllowedButton>
      <AllowedButton
        allowed={allowed.edit_particulars}
        variant="default"
        leftSection={<IconPencil size={16} aria-hidden />}
        to={`/contracts/${contract.id}/edit`}
      >
        {base('action.edit')}
      </AllowedButton>
      {(commands.length > 0 || isOffered(allowed.delete)) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden />}>
              {t('actions')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {commands.map((name) => (
              <AllowedMenuItem key={name} allowed={allowed[name]} onClick={() => setOpened(name)}>
                {t(`${name}.title`)}
              </AllowedMenuItem>
            ))}
            {isOffered(allowed.delete) && (
              <>
                {commands.length > 0 && <Menu.Divider />}
                <AllowedMenuItem
                  allowed={allowed.delete}
                  color="red"
                  leftSection={<IconTrash size={16} aria-hidden />}
                  onClick={() => setOpened('delete')}
                >
                  {t('delete.title')}
                </AllowedMenuItem>
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {opened === 'generate' && <GenerateDialog contract={contract} onClose={close} />}
      {opened === 'delete' && (
        <DeleteDialog contract={contract} onClose={close} onDeleted={() => void navigate({ to: '/contracts' })} />
      )}
      {opened !== undefined && opened !== 'generate' && opened !== 'delete' && (
        <ActionDialog contract={contract} name={opened} onClose={close} />
      )}
    </>
  );
}

/** A draft generates test licenses; the button is for these too. */
function generateAction({ allowed_actions: { generate, generate_test } }: Contract) {
  return generate !== true && generate_test === true ? true : generate;
}
