/** Cancels work that goes on, after a question, and resumes work that stopped. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { baseTexts } from './base-texts';
import { ProblemAlert } from './problem-alert';
import { progressTexts } from './progress-texts';
import { useTexts } from './texts';
import { useAction } from './use-action';
import type { Progress, Work } from './work';

interface ProgressActionsProps<Row> {
  work: Work<Row>;
  progress: Progress;
}

export function ProgressActions<Row>({ work, progress }: ProgressActionsProps<Row>) {
  const t = useTexts(progressTexts);
  const base = useTexts(baseTexts);
  const [asking, question] = useDisclosure();
  const cancel = useAction({ send: work.cancel, done: () => t('cancelled'), onDone: question.close });
  const resume = useAction({ send: work.resume, done: () => t('resumed') });
  return (
    <>
      <Group gap="xs">
        {progress.resume === true && (
          <Button size="xs" variant="default" loading={resume.isPending} onClick={() => resume.mutate()}>
            {t('resume')}
          </Button>
        )}
        {progress.cancel === true && (
          <Button size="xs" variant="default" onClick={question.open}>
            {t('cancel')}
          </Button>
        )}
      </Group>
      {resume.isError && <ProblemAlert error={resume.error} />}
      <Modal
        opened={asking}
        onClose={question.close}
        title={t('cancel_title')}
        closeButtonProps={{ 'aria-label': base('action.close') }}
      >
        <Stack>
          <Text size="sm">{t(`cancel_${work.kind}`)}</Text>
          {cancel.isError && <ProblemAlert error={cancel.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={question.close}>
              {t('keep')}
            </Button>
            <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              {t('cancel')}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
