/** A field above a list that bounds it in time. The reader enters an instant of their own zone; the URL has it in UTC. */
import { TextInput } from '@mantine/core';
import type { ListState } from './list-search';
import { toInstant, toLocalText } from './local-instant';

interface InstantFilterProps {
  state: ListState;
  name: string;
  label: string;
}

export function InstantFilter({ state, name, label }: InstantFilterProps) {
  const given = state.search[name] ?? '';
  return (
    <TextInput
      // Another value from outside, such as "clear filters", fills the field again.
      key={given}
      type="datetime-local"
      label={label}
      defaultValue={toLocalText(given)}
      style={{ flex: '1 1 12rem' }}
      onBlur={({ currentTarget: { value } }) => {
        if (value !== toLocalText(given)) state.change({ [name]: toInstant(value) });
      }}
      onKeyDown={({ key, currentTarget: { value } }) => {
        if (key === 'Enter') state.change({ [name]: toInstant(value) });
      }}
    />
  );
}
