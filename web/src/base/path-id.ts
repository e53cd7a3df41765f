/** The id in the address of a page of details. */
import { useParams } from '@tanstack/react-router';

/** The value of `$id`. The paths of pages are data here, so their parameters have no types of their own. */
export function usePathId(): string {
  const { id }: { id?: string } = useParams({ strict: false });
  return id ?? '';
}
