/** Says that a list is longer than what a page shows of it. Pages show lists without paging that are nearly always short. */
import { Text } from '@mantine/core';
import { baseTexts } from './base-texts';
import type { ListPage } from './data-table';
import { useTexts } from './texts';

export function MoreNote({ list }: { list: ListPage<unknown> | undefined }) {
  const t = useTexts(baseTexts);
  if (!list?.next_cursor) return null;
  return (
    <Text size="sm" c="dimmed">
      {t('list.more', { count: list.data.length })}
    </Text>
  );
}
