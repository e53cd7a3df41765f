/** The filters, the order and the place of a list. All of it stands in the URL, so a view can be shared and the back button works. */
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** The parameters of a list in the URL. Every value is a text. */
export type ListSearch = Readonly<Record<string, string | undefined>>;

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The cursors of the pages before this one, the first page first. Its cursor is the empty text. */
    trail?: string[];
  }
}

export interface ListState {
  search: ListSearch;
  /** Changes filters or the order, and returns to the first page. An empty value removes the parameter. */
  change: (changes: ListSearch) => void;
  /** Opens the next page. */
  next: (cursor: string) => void;
  /** Opens the page before, or undefined on the first page. */
  previous: (() => void) | undefined;
}

/** The state of the list on this page. */
export function useListState(): ListState {
  const search: ListSearch = useSearch({ strict: false });
  const trail = useRouterState({ select: (state) => state.location.state.trail ?? [] });
  const navigate = useNavigate();

  const change = useCallback(
    (changes: ListSearch) => {
      void navigate({
        to: '.',
        search: (current: ListSearch) => present({ ...current, ...changes, cursor: undefined }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const open = (cursor: string | undefined, before: string[]) =>
    void navigate({
      to: '.',
      search: (current: ListSearch) => present({ ...current, cursor }),
      state: { trail: before },
      resetScroll: false,
    });

  const { cursor = '' } = search;
  return {
    search,
    change,
    next: (following) => open(following, [...trail, cursor]),
    // A link that was shared has no pages before it in this browser: back is then the first page.
    previous: cursor === '' ? undefined : () => open(trail.at(-1), trail.slice(0, -1)),
  };
}

/** Without the parameters that have no value. */
function present(search: ListSearch): ListSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));
}

/** The parameters that belong to a request: those with these names that have a value. */
export function pick<Name extends string>(search: ListSearch, names: readonly Name[]): Partial<Record<Name, string>> {
  return Object.fromEntries(names.flatMap((name) => (search[name] ? [[name, search[name]]] : []))) as Partial<
    Record<Name, string>
  >;
}
