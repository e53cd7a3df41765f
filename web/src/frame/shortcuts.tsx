/** The keyboard shortcuts of all pages, and the list of them under `?`. */
import { Kbd, Modal, Table } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { baseTexts } from '../base/base-texts';
import { createStore } from '../base/store';
import { useTexts } from '../base/texts';

const opened = createStore(false);

export function openShortcuts(): void {
  opened.set(true);
}

/** A dialog has the keyboard for itself. */
function isDialogOpen(): boolean {
  return document.querySelector('[role=dialog]') !== null;
}

function focusSearch(): void {
  if (isDialogOpen()) return;
  document.querySelector<HTMLInputElement>('[data-page-search]')?.focus();
}

/** The button that creates something on a list has this mark. */
function pressCreate(): void {
  if (isDialogOpen()) return;
  document.querySelector<HTMLElement>('[data-page-create]')?.click();
}

export function Shortcuts() {
  const t = useTexts(baseTexts);
  const shown = opened.use();
  useHotkeys([
    ['shift+?', openShortcuts, { usePhysicalKeys: false }],
    ['/', focusSearch],
    ['c', pressCreate],
  ]);
  const rows: [string, string][] = [
    ['Ctrl + K / ⌘ + K', t('shortcuts.palette')],
    ['/', t('shortcuts.search')],
    ['C', t('shortcuts.create')],
    ['?', t('shortcuts.help')],
  ];
  return (
    <Modal
      opened={shown}
      onClose={() => opened.set(false)}
      title={t('frame.shortcuts')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Table>
        <Table.Tbody>
          {rows.map(([keys, meaning]) => (
            <Table.Tr key={keys}>
              <Table.Th scope="row">
                <Kbd>{keys}</Kbd>
              </Table.Th>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
