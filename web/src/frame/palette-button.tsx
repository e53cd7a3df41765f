/** Opens the command palette: a button, and Ctrl+K or Cmd+K. The palette itself is loaded when it is opened first. */
import { ActionIcon, Button, Kbd } from '@mantine/core';
import { useDisclosure, useHotkeys, useOs } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { baseTexts } from '../base/base-texts';
import { useTexts } from '../base/texts';

const CommandPalette = lazy(() => import('./command-palette'));

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
      {opened && (
        <Suspense fallback={null}>
          <CommandPalette onClose={close} />
        </Suspense>
      )}
    </>
  );
}
