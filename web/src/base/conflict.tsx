/** Shows what two people changed at the same time (412), as a difference to choose from. */
import { Button, Code, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { baseTexts } from './base-texts';
import type { Choices, ConflictField } from './conflict-fields';
import { initialChoices } from './conflict-fields';
import { conflictTexts } from './conflict-texts';
import { useTexts } from './texts';

interface ConflictDialogProps {
  /** Who changed it last and when, if the page knows it. */
  changed?: ReactNode;
  fields: readonly ConflictField[];
  labelOf: (name: string) => string;
  /** Shows a value as the page shows it. Default: as JSON. */
  show?: (name: string, value: unknown) => ReactNode;
  onChosen: (choices: Choices) => void;
  onClose: () => void;
}

export function ConflictDialog({ changed, fields, labelOf, show = asJson, onChosen, onClose }: ConflictDialogProps) {
  const t = useTexts(conflictTexts);
  const base = useTexts(baseTexts);
  const [choices, setChoices] = useState(() => initialChoices(fields));
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('title')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      <Stack>
        <Text size="sm">{t('text')}</Text>
        {changed}
        {fields.length === 0 && <Text size="sm">{t('no_difference')}</Text>}
        {fields.map(({ name, mine, theirs, contested }) => (
          <Radio.Group
            key={name}
            label={labelOf(name)}
            description={contested ? t('contested') : undefined}
            value={choices[name] ?? 'mine'}
            onChange={(whose) => setChoices({ ...choices, [name]: whose === 'theirs' ? 'theirs' : 'mine' })}
          >
            <Stack gap={6} mt={6}>
              <Radio value="mine" label={<Value whose={t('mine')}>{show(name, mine)}</Value>} />
              <Radio value="theirs" label={<Value whose={t('theirs')}>{show(name, theirs)}</Value>} />
            </Stack>
          </Radio.Group>
        ))}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('back')}
          </Button>
          <Button onClick={() => onChosen(choices)}>{t('apply')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Value({ whose, children }: { whose: string; children: ReactNode }) {
  return (
    <Text span size="sm" style={{ overflowWrap: 'anywhere' }}>
      {whose}: {children}
    </Text>
  );
}

function asJson(_name: string, value: unknown): ReactNode {
  return <Code style={{ overflowWrap: 'anywhere' }}>{JSON.stringify(value ?? null)}</Code>;
}
