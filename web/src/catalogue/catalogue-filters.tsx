/** The filters that the lists of products and generators share. */
import { SelectFilter } from '../base/filters';
import type { ListState } from '../base/list-search';
import { useTexts } from '../base/texts';
import { ENVIRONMENTS, STATUSES, choices } from './states';
import { catalogueTexts } from './texts';

export function StatusFilter({ state }: { state: ListState }) {
  const t = useTexts(catalogueTexts);
  return (
    <SelectFilter
      state={state}
      name="status"
      label={t('status')}
      all={t('all_statuses')}
      options={choices(t, STATUSES)}
    />
  );
}

/** Without a choice, the interface lists what belongs to production. */
export function EnvironmentFilter({ state }: { state: ListState }) {
  const t = useTexts(catalogueTexts);
  return (
    <SelectFilter
      state={state}
      name="environment"
      label={t('environment')}
      all={t('production')}
      options={choices(t, ENVIRONMENTS.slice(1))}
    />
  );
}

/** These lists are sorted by creation alone. */
export function OrderFilter({ state }: { state: ListState }) {
  const t = useTexts(catalogueTexts);
  return (
    <SelectFilter
      state={state}
      name="order"
      label={t('order')}
      all={t('newest')}
      options={[{ value: 'asc', label: t('oldest') }]}
    />
  );
}
