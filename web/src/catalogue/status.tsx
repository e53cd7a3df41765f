/** Whether a product or a generator is in use. */
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { catalogueTexts } from './texts';

export function Status({ status }: { status: 'active' | 'inactive' }) {
  const t = useTexts(catalogueTexts);
  return <StatusBadge tone={status === 'active' ? 'good' : 'neutral'}>{t(status)}</StatusBadge>;
}
