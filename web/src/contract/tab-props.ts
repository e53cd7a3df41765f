/** What the tabs of a contract get. */
import type { Contract } from './states';

export interface TabProps {
  contract: Contract;
}

/** Of a deleted contract, `contract` is undefined: only its history can be read. */
export interface HistoryTabProps {
  id: string;
  contract: Contract | undefined;
}
