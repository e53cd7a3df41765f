/** What one can do with a contract of the list. */
import { ActionIcon, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { IconDots, IconEye, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { roleCovers, useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { useTexts } from '../base/texts';
import { DeleteDialog } from './delete-dialog';
import type { ContractListItem } from './states';

/** Rows of the list have no `allowed_actions`: the role decides what is offered, and the form or the dialog says what is not possible. */
export function ContractRowMenu({ contract }: { contract: ContractListItem }) {
  const t = useTexts(baseTexts);
  const { admin } = useSession();
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`${t('action.actions')}: ${contract.name}`}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to={`/contracts/${contract.id}`} leftSection={<IconEye size={16} aria-hidden />}>
            {t('action.details')}
          </Menu.Item>
          {roleCovers(admin.role, 'admin') && (
            <>
              <Menu.Item
                component={Link}
                to={`/contracts/${contract.id}/edit`}
                leftSection={<IconPencil size={16} aria-hidden />}
              >
                {t('action.edit')}
              </Menu.Item>
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setDeleting(true)}
              >
                {t('action.delete')}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {deleting && <DeleteDialog contract={contract} onClose={() => setDeleting(false)} />}
    </>
  );
}
