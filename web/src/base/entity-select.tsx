/** A field that finds a contract, a customer, a product or a generator by its name or id. */
import { Select } from '@mantine/core';
import type { MantineStyleProps, SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CSSProperties, ReactNode } from 'react';
import { useEntity } from './entity-name';
import { ENTITIES } from './entity';
import type { EntityKind, FindQuery } from './entity';

interface EntitySelectProps {
  kind: EntityKind;
  id?: string;
  label: string;
  /** The id of what is chosen. */
  value: string | null;
  onChange: (id: string | null) => void;
  /** Narrows what is offered: active ones, or the generators of a product. */
  only?: Pick<FindQuery, 'status' | 'product_id' | 'environment'>;
  placeholder?: string;
  description?: ReactNode;
  error?: SelectProps['error'];
  required?: boolean;
  disabled?: boolean;
  miw?: MantineStyleProps['miw'];
  style?: CSSProperties;
}

/** Typing waits this long before it searches. */
const DEBOUNCE_MS = 300;
const ROWS_MAX = 20;

/** What is chosen and is not among those found is read by its id, so that a link that names it shows its name. */
export function EntitySelect({ kind, value, onChange, only, ...field }: EntitySelectProps) {
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), DEBOUNCE_MS);
  const query: FindQuery = { limit: ROWS_MAX, ...only, ...(search === '' ? {} : { search }) };
  const found = useQuery({
    queryKey: ['entities', kind, query],
    queryFn: ({ signal }) => ENTITIES[kind].find(query, signal),
    enabled: field.disabled !== true,
    placeholderData: keepPreviousData,
  });
  const chosen = useEntity(kind, value);
  const options = (found.data ?? []).map(({ id, label }) => ({ value: id, label }));
  if (value !== null && !options.some((option) => option.value === value)) {
    options.unshift({ value, label: chosen.data?.label ?? value });
  }
  // The field takes over the name of what is chosen when it is mounted, and not when the name is read later.
  const reading = value !== null && chosen.isPending && !found.data?.some(({ id }) => id === value);
  return (
    <Select
      {...field}
      key={reading ? 'reading' : 'read'}
      data={options}
      value={value}
      searchable
      clearable={field.required !== true}
      // The server has filtered already, also by id.
      filter={({ options: all }) => all}
      onChange={onChange}
      onSearchChange={(text) => {
        // Choosing an option writes its name into the field: that is no search.
        setTyped(options.some(({ label }) => label === text) ? '' : text);
      }}
    />
  );
}
