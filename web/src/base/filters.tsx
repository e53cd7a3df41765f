/** The fields above a list. Each one reads and changes a parameter of the URL. */
import { Button, Checkbox, Menu, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconColumns3, IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { baseTexts } from './base-texts';
import { shownColumns } from './data-table';
import type { Column } from './data-table';
import type { ListState } from './list-search';
import { useTexts } from './texts';

/** Typing waits this long before it changes the list. */
const DEBOUNCE_MS = 300;

interface SearchFilterProps {
  state: ListState;
  label: string;
  placeholder?: string;
  name?: string;
}

/** A text that the list searches for. The key `/` goes to the field. */
export function SearchFilter({ state, label, placeholder, name = 'search' }: SearchFilterProps) {
  const given = state.search[name] ?? '';
  const [text, setText] = useState(given);
  const sent = useRef(given);
  const change = useDebouncedCallback((value: string) => {
    sent.current = value;
    state.change({ [name]: value });
  }, DEBOUNCE_MS);
  // The URL can change without this field: by the back button, or by "clear filters".
  useEffect(() => {
    if (given === sent.current) return;
    sent.current = given;
    setText(given);
  }, [given]);
  return (
    <TextInput
      type="search"
      label={label}
      placeholder={placeholder ?? ''}
      value={text}
      leftSection={<IconSearch size={16} aria-hidden />}
      data-page-search
      miw="16rem"
      style={{ flex: '2 1 16rem' }}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        change(value);
      }}
    />
  );
}

interface SelectFilterProps {
  state: ListState;
  name: string;
  label: string;
  options: readonly { value: string; label: string }[];
  /** What an absent parameter means. Default: all. */
  all?: string;
}

export function SelectFilter({ state, name, label, options, all }: SelectFilterProps) {
  const t = useTexts(baseTexts);
  return (
    <Select
      label={label}
      data={[{ value: '', label: all ?? t('list.all') }, ...options]}
      value={state.search[name] ?? ''}
      allowDeselect={false}
      style={{ flex: '1 1 9rem' }}
      onChange={(value) => state.change({ [name]: value ?? '' })}
    />
  );
}

interface SortPanelProps {
  state: ListState;
  options: readonly { value: string; label: string }[];
  /** The order of the interface when nothing is chosen. */
  initial: { sort: string; order: 'asc' | 'desc' };
}

/** By what the list is sorted, and in which direction. */
export function SortPanel({ state, options, initial }: SortPanelProps) {
  const t = useTexts(baseTexts);
  return (
    <>
      <Select
        label={t('list.sort_by')}
        data={options}
        value={state.search['sort'] ?? initial.sort}
        allowDeselect={false}
        style={{ flex: '1 1 9rem' }}
        onChange={(sort) => state.change({ sort: sort ?? '' })}
      />
      <Select
        label={t('list.order')}
        data={[
          { value: 'asc', label: t('list.ascending') },
          { value: 'desc', label: t('list.descending') },
        ]}
        value={state.search['order'] ?? initial.order}
        allowDeselect={false}
        style={{ flex: '1 1 12rem' }}
        onChange={(order) => state.change({ order: order ?? '' })}
      />
    </>
  );
}

/** Which columns the table shows. */
export function ColumnsMenu<Row>({ state, columns }: { state: ListState; columns: readonly Column<Row>[] }) {
  const t = useTexts(baseTexts);
  const shown = new Set(shownColumns(columns, state.search['columns']).map(({ id }) => id));
  const toggle = (id: string) => {
    const ids = columns
      .map((column) => column.id)
      .filter((other) => (other === id ? !shown.has(id) : shown.has(other)));
    if (ids.length > 0) state.change({ columns: ids.join(',') });
  };
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} aria-hidden />}>
          {t('list.columns')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map(({ id, header }) => (
          <Menu.Item key={id} role="menuitemcheckbox" aria-checked={shown.has(id)} onClick={() => toggle(id)}>
            <Checkbox checked={shown.has(id)} label={header} readOnly tabIndex={-1} aria-hidden />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
