/** Changes many licenses: asks, shows what would happen (dry run), does it, and shows what came of each. */
import { Modal } from '@mantine/core';
import { useState } from 'react';
import { baseTexts } from '../base/base-texts';
import { useTexts } from '../base/texts';
import { BulkDone } from './bulk-done';
import { BulkForm } from './bulk-form';
import type { BulkKind, BulkResult, Which } from './bulk-requests';
import { bulkTexts } from './bulk-texts';

interface BulkDialogProps {
  kind: BulkKind;
  which: Which;
  onClose: () => void;
  /** Called when the server has done it, or has begun. */
  onDone?: () => void;
}

export function BulkDialog({ kind, which, onClose, onDone }: BulkDialogProps) {
  const t = useTexts(bulkTexts);
  const base = useTexts(baseTexts);
  const [result, setResult] = useState<BulkResult>();
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(`${kind}.title`)}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      {result ? (
        <BulkDone kind={kind} result={result} onClose={onClose} />
      ) : (
        <BulkForm
          kind={kind}
          which={which}
          onClose={onClose}
          onDone={(done) => {
            setResult(done);
            onDone?.();
          }}
        />
      )}
    </Modal>
  );
}
