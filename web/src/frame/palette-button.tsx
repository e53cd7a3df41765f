/** Opens the command palette: a button, and Ctrl+K or Cmd+K. The palette is there at once, so that no letter goes to the page behind it. */
import { ActionIcon, Button, Kbd } from '@mantine/core';
import { useDisclosure, useHotkeys, useOs } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { baseTexts } from '../base/base-texts';
import { useTexts } from '../base/texts';
import { CommandPalette } from './command-palette';

export function PaletteButton() {
  const t = useTexts(baseTexts);
  const [opened, { open, close }] = useDisclosure(false);
  const modifier = useOs({ getValueInEffect: false }) === 'macos' ? '⌘' : 'Ctrl';
  // An empty list of ignored elements: the shortcut works inside fields too.
  useHotkeys([['mod+K', open]], []);
  return (
    <>
      <Button
        variant="default"
        visibleFrom="xs"
        onClick={open}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          <Kbd size="xs" aria-hidden>
            {modifier} K
          </Kbd>
        }
      >
        {t('frame.palette')}
      </Button>
      <ActionIcon variant="default" size="lg" hiddenFrom="xs" onClick={open} aria-label={t('frame.palette')}>
        <IconSearch size={18} aria-hidden />
      </ActionIcon>
      {opened && <CommandPalette onClose={close} />}
    </>
  );
}
