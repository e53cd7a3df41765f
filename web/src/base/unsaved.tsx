/** Asks before a page with unsaved input is left, by a link, by the back button or by closing the tab. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import type { RefObject } from 'react';
import { texts, useTexts } from './texts';

const unsavedTexts = texts({
  en: {
    title: 'Leave without saving?',
    text: 'What you entered on this page is not saved. It is lost when you leave.',
    stay: 'Stay on the page',
    leave: 'Leave and discard',
    close: 'Close',
  },
  de: {
    title: 'Ohne Speichern verlassen?',
    text: 'Ihre Eingaben auf dieser Seite sind nicht gespeichert. Sie gehen verloren, wenn Sie sie verlassen.',
    stay: 'Auf der Seite bleiben',
    leave: 'Verlassen und verwerfen',
    close: 'Schließen',
  },
});

/** `unsaved` is read at the moment of leaving, so that a page can save and leave in one step. */
export function UnsavedGuard({ unsaved }: { unsaved: RefObject<boolean> }) {
  const t = useTexts(unsavedTexts);
  const blocker = useBlocker({
    // A change of the parameters stays on the page.
    shouldBlockFn: ({ current, next }) => unsaved.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => unsaved.current,
    withResolver: true,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <Modal opened onClose={blocker.reset} title={t('title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack>
        <Text size="sm">{t('text')}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={blocker.reset} data-autofocus>
            {t('stay')}
          </Button>
          <Button color="red" onClick={blocker.proceed}>
            {t('leave')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
