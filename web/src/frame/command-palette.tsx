/** The command palette: pages, the actions of the open page, contracts, licenses and customers, by keyboard alone. */
import { Combobox, Loader, Modal, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useInstallation, useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { useOfferedActions } from '../base/page-actions';
import { useLanguage, useTexts } from '../base/texts';
import { PAGES } from '../pages';
import { navigationPages } from './navigation';
import { useFound } from './palette-search';

interface Choice {
  id: string;
  label: string;
  hint?: string | undefined;
  run: () => void;
}

const DEBOUNCE_MS = 150;

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const t = useTexts(baseTexts);
  const [text, setText] = useState('');
  const [searched] = useDebouncedValue(text.trim(), DEBOUNCE_MS);
  const combobox = useCombobox({ opened: true });
  const own = useOwnChoices(text.trim());
  const { groups: found, searching } = useFound(searched);
  const navigate = useNavigate();
  const groups: { label: string; choices: Choice[] }[] = [
    { label: t('palette.pages'), choices: own.pages },
    { label: t('palette.actions'), choices: own.actions },
    ...found.map(({ kind, rows }) => ({
      label: t(`palette.${kind}`),
      choices: rows.map(({ id, label, hint, to }) => ({
        id: `${kind} ${id}`,
        label,
        hint,
        run: () => void navigate({ to }),
      })),
    })),
  ].filter(({ choices }) => choices.length > 0);
  const choices = groups.flatMap((group) => group.choices);
  const listed = choices.map(({ id }) => id).join('\n');

  // Enter takes the first one unless another was chosen with the arrow keys.
  useEffect(() => {
    combobox.selectFirstOption();
  }, [listed]);

  return (
    <Modal
      opened
      onClose={onClose}
      transitionProps={{ duration: 0 }}
      withCloseButton={false}
      size="lg"
      padding="xs"
      aria-label={t('frame.palette')}
    >
      <Combobox
        store={combobox}
        withinPortal={false}
        onOptionSubmit={(id) => {
          onClose();
          choices.find((choice) => choice.id === id)?.run();
        }}
      >
        <Combobox.EventsTarget>
          <TextInput
            data-autofocus
            autoFocus
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            placeholder={t('palette.placeholder')}
            aria-label={t('palette.placeholder')}
            rightSection={searching ? <Loader size="xs" /> : null}
          />
        </Combobox.EventsTarget>
        <Combobox.Options mt="xs" mah="60vh" style={{ overflowY: 'auto' }} aria-label={t('frame.palette')}>
          {groups.map(({ label, choices: listedChoices }) => (
            <Combobox.Group label={label} key={label}>
              {listedChoices.map((choice) => (
                <Combobox.Option value={choice.id} key={choice.id}>
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    <bdi>{choice.label}</bdi>
                  </Text>
                  {choice.hint && (
                    <Text size="xs" c="dimmed">
                      {choice.hint}
                    </Text>
                  )}
                </Combobox.Option>
              ))}
            </Combobox.Group>
          ))}
          {choices.length === 0 && !searching && <Combobox.Empty>{t('palette.nothing')}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox>
    </Modal>
  );
}

/** Pages and actions whose name contains the text. */
function useOwnChoices(text: string): { pages: Choice[]; actions: Choice[] } {
  const navigate = useNavigate();
  const language = useLanguage();
  const { admin } = useSession();
  const offered = useOfferedActions();
  const matches = (label: string) => label.toLowerCase().includes(text.toLowerCase());
  const pages = navigationPages(PAGES, admin.role, useInstallation())
    // The path is English in every language: "contracts" finds the page in German too.
    .filter(({ path, entry }) => matches(entry.label[language]) || matches(path))
    .map(({ path, entry }) => ({
      id: `page ${path}`,
      label: entry.label[language],
      run: () => void navigate({ to: `/${path}` }),
    }));
  const actions = offered
    .filter(({ label }) => matches(label))
    .map((action) => ({ ...action, id: `action ${action.id}` }));
  return { pages, actions };
}
