/** What came of an operation: at once for up to a thousand licenses, as the progress of a job for more. */
import { Alert, Button, Group, Stack } from '@mantine/core';
import { useMemo } from 'react';
import { baseTexts } from '../base/base-texts';
import { WorkProgress } from '../base/progress';
import { useTexts } from '../base/texts';
import { operationWork } from '../base/work';
import type { BulkKind, BulkResult } from './bulk-requests';
import { OperationLinks, OutcomeCounts, ResultSummary } from './bulk-result';
import { bulkTexts } from './bulk-texts';

interface BulkDoneProps {
  kind: BulkKind;
  result: BulkResult;
  onClose: () => void;
}

export function BulkDone({ kind, result, onClose }: BulkDoneProps) {
  const t = useTexts(bulkTexts);
  const base = useTexts(baseTexts);
  const { id, background, counts, outcomes } = result;
  return (
    <Stack>
      {background && id ? (
        <Followed id={id} />
      ) : (
        <>
          <Alert color={counts.done > 0 ? 'green' : 'gray'} role="status">
            {t(`${kind}.done`, { count: counts.done })}
          </Alert>
          <ResultSummary kind={kind} counts={counts} outcomes={outcomes} />
        </>
      )}
      {id && <OperationLinks id={id} />}
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {base('action.close')}
        </Button>
      </Group>
    </Stack>
  );
}

/** The job goes on when the dialog is closed. */
function Followed({ id }: { id: string }) {
  const work = useMemo(() => operationWork(id), [id]);
  return (
    <WorkProgress work={work}>{({ kind, counts }) => <OutcomeCounts kind={kind} counts={counts} />}</WorkProgress>
  );
}
