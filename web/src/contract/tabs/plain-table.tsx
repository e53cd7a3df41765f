/** A short table that has no paging and no filters. A long one scrolls sideways on a narrow screen. */
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

interface PlainTableProps {
  label: string;
  headers: readonly string[];
  children: ReactNode;
}

export function PlainTable({ label, headers, children }: PlainTableProps) {
  return (
    <Table.ScrollContainer
      minWidth={0}
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'group', 'aria-label': label } }}
    >
      <Table aria-label={label} verticalSpacing="xs" withTableBorder>
        <Table.Thead>
          <Table.Tr>
            {headers.map((header) => (
              <Table.Th key={header} scope="col">
                {header}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
