/** What is selected, how to select everything that matches, and what can be done with it. */
import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import type { ListPage } from '../base/data-table';
import type { ListSearch } from '../base/list-search';
import { useTexts } from '../base/texts';
import { BulkDialog } from './bulk-dialog';
import { BULK_KINDS, whichOf } from './bulk-requests';
import type { BulkKind } from './bulk-requests';
import { bulkTexts } from './bulk-texts';
import type { License } from './license-query';
import { NOTHING, isEmpty } from './selection';
import type { Selection } from './selection';
import { licenseTexts } from './texts';

interface SelectionBarProps {
  selection: Selection;
  select: (selection: Selection) => void;
  page: ListPage<License> | undefined;
  search: ListSearch;
}

export function SelectionBar({ selection, select, page, search }: SelectionBarProps) {
  const t = useTexts(licenseTexts);
  const bulk = useTexts(bulkTexts);
  const [kind, setKind] = useState<BulkKind>();
  const [done, setDone] = useState(false);
  if (isEmpty(selection)) return null;

  function open(chosen: BulkKind): void {
    setDone(false);
    setKind(chosen);
  }

  const morePages = Boolean(page?.next_cursor ?? search['cursor']);
  return (
    <Paper withBorder p="xs">
      <Group gap="sm" role="status">
        <Text size="sm" fw={600}>
          {selection.kind === 'filter' ? t('select.all_selected') : t('select.count', { count: selection.ids.size })}
        </Text>
        {selection.kind === 'ids' && morePages && (
          <Button variant="subtle" size="xs" onClick={() => select({ kind: 'filter' })}>
            {t('select.all')}
          </Button>
        )}
        {BULK_KINDS.map((kind) => (
          <Button key={kind} variant="default" size="xs" onClick={() => open(kind)}>
            {bulk(`${kind}.button`)}
          </Button>
        ))}
        <Button variant="subtle" size="xs" onClick={() => select(NOTHING)}>
          {t('select.clear')}
        </Button>
      </Group>
      {kind && (
        <BulkDialog
          kind={kind}
          which={whichOf(selection, search)}
          onClose={() => {
            setKind(undefined);
            if (done) select(NOTHING);
          }}
          onDone={() => setDone(true)}
        />
      )}
    </Paper>
  );
}
