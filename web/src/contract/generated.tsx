/** What a request for licenses gave: the keys of a small batch, or the job that generates a large one. */
import { Alert, Anchor, Button, CopyButton, Group, ScrollArea, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react';
import { useMemo } from 'react';
import { baseTexts } from '../base/base-texts';
import { WorkProgress } from '../base/progress';
import { saveText } from '../base/save-text';
import { useTexts } from '../base/texts';
import { jobWork } from '../base/work';
import { generateTexts } from './generate-texts';
import type { Contract, GenerateResult } from './states';

interface GeneratedProps {
  contract: Contract;
  result: GenerateResult;
  onClose: () => void;
}

export function Generated({ contract, result, onClose }: GeneratedProps) {
  const base = useTexts(baseTexts);
  return (
    <Stack>
      {result.licenses ? <Keys contract={contract} licenses={result.licenses} /> : <Job id={result.job_id as string} />}
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {base('action.close')}
        </Button>
      </Group>
    </Stack>
  );
}

function Keys({ contract, licenses }: { contract: Contract; licenses: NonNullable<GenerateResult['licenses']> }) {
  const t = useTexts(generateTexts);
  const base = useTexts(baseTexts);
  const keys = licenses.map(({ key }) => key).join('\n');
  return (
    <>
      <Alert color="green" role="status">
        {t('generated', { count: licenses.length })}
      </Alert>
      <ScrollArea.Autosize
        mah="40vh"
        type="auto"
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('keys') }}
      >
        <Text
          component="pre"
          ff="monospace"
          size="sm"
          m={0}
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {keys}
        </Text>
      </ScrollArea.Autosize>
      <Group gap="xs">
        <CopyButton value={keys}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              onClick={copy}
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            >
              {copied ? base('action.copied') : t('copy_all')}
            </Button>
          )}
        </CopyButton>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => saveText(`${contract.id}-licenses.txt`, `${keys}\n`)}
        >
          {t('download')}
        </Button>
        <Anchor component={Link} to="/licenses" search={{ contract_id: contract.id } as never} size="sm">
          {t('to_licenses')}
        </Anchor>
      </Group>
    </>
  );
}

/** The job goes on when the dialog is closed. */
function Job({ id }: { id: string }) {
  const t = useTexts(generateTexts);
  const work = useMemo(() => jobWork(id), [id]);
  return (
    <>
      <Text size="sm">{t('job.text')}</Text>
      <WorkProgress work={work} />
      <Anchor component={Link} to={`/jobs/${id}`} size="sm">
        {t('job.open')}
      </Anchor>
    </>
  );
}
