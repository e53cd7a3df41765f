/** Which actions have a place in the menu of a contract. Whether one is possible is for `allowed_actions`. */
import type { CommandName } from './action-requests';
import type { Contract } from './states';

/** The interface allows an action whose effect is in place already, since repeating it changes nothing. A menu leaves it out. */
export function isRelevant(contract: Contract, name: CommandName): boolean {
  const held = (source: string) => contract.holds.some((hold) => hold.source === source);
  const terminated = contract.state === 'TERMINATED';
  switch (name) {
    case 'activate':
      return contract.state === 'DRAFT';
    case 'pause':
      return !held('admin') && contract.state !== 'DRAFT' && !terminated;
    case 'resume':
      return held('admin');
    case 'compliance_hold':
      return !held('compliance') && contract.state !== 'DRAFT' && !terminated;
    case 'compliance_release':
      return held('compliance');
    case 'renew':
      return contract.term.end_date !== null && !terminated;
    case 'opt_out':
      return contract.renewal.mode === 'auto' && contract.renewal.opt_out_at === null && !terminated;
    case 'terminate':
      return !terminated;
    case 'reinstate':
      return terminated;
  }
}
