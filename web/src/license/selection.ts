/** Which licenses of the list are selected: single ones, also of several pages, or all that match the filter. */
import { useState } from 'react';

export type Selection = { kind: 'ids'; ids: ReadonlySet<string> } | { kind: 'filter' };

export const NOTHING: Selection = { kind: 'ids', ids: new Set() };

export function isSelected(selection: Selection, id: string): boolean {
  return selection.kind === 'filter' || selection.ids.has(id);
}

export function isEmpty(selection: Selection): boolean {
  return selection.kind === 'ids' && selection.ids.size === 0;
}

/** Adds the ids if one of them is missing, else removes them. What was "all" becomes the rows of the page without them. */
export function toggled(selection: Selection, ids: readonly string[], page: readonly string[]): Selection {
  const before = selection.kind === 'filter' ? new Set(page) : selection.ids;
  const all = ids.every((id) => before.has(id));
  const after = new Set(before);
  for (const id of ids) {
    if (all) after.delete(id);
    else after.add(id);
  }
  return { kind: 'ids', ids: after };
}

/** The selection of a list. Another filter begins with nothing selected, because its licenses are others. */
export function useSelection(filter: string): [Selection, (selection: Selection) => void] {
  const [state, setState] = useState({ filter, selection: NOTHING });
  const selection = state.filter === filter ? state.selection : NOTHING;
  return [selection, (chosen) => setState({ filter, selection: chosen })];
}
