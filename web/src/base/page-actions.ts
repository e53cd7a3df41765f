/** The actions of the page that is open, as the command palette offers them. */
import { useEffect } from 'react';
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
  const key = offered.map(({ id, label }) => `${id} ${label}`).join('\n');
  useEffect(() => {
    actions.set(offered);
    return () => actions.set(NONE);
    // The same actions in a new array are no change.
  }, [key]);
}

export const useOfferedActions = actions.use;
