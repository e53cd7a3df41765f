/** The actions of the page that is open, as the command palette offers them. */
import { useEffect, useRef } from 'react';
import { createStore } from './store';

export interface PageAction {
  id: string;
  label: string;
  run: () => void;
}

const NONE: readonly PageAction[] = [];
const actions = createStore(NONE);

/** Offers actions in the command palette while the component is shown. */
export function useOfferActions(offered: readonly PageAction[]): void {
  const latest = useRef(offered);
  useEffect(() => {
    latest.current = offered;
  });
  const key = offered.map(({ id, label }) => `${id} ${label}`).join('\n');
  useEffect(() => {
    // An action runs as it is when it is chosen: the page may show something else by then.
    const run = (id: string) => latest.current.find((action) => action.id === id)?.run();
    actions.set(latest.current.map(({ id, label }) => ({ id, label, run: () => run(id) })));
    return () => actions.set(NONE);
    // The same actions in a new array are no change.
  }, [key]);
}

export const useOfferedActions = actions.use;
