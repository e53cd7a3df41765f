/**
 * Computes four years of a contract in each of several time zones. The result must not depend on the time zone of the
 * process. As a program it prints the result and the offset of its process.
 */
import { addPeriods, startOfDay } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import { settle } from '../../domain/contract/boundary';
import { licenseExpiry } from '../../domain/contract/expiry';
import { ZONES } from './contract-arbitrary';
import { buildAutoRenewingFacts, buildInvoice, buildSettleContext } from './contract-facts';

/**
 * Returns the boundaries of a contract with monthly terms from 31 January 2024, up to 29 February 2028, in each zone.
 */
export function boundariesInAllZones() {
  return ZONES.map((timezone) => {
    const facts = buildAutoRenewingFacts(
      { quota_effect: { add: 10 } },
      {
        timezone,
        start_date: '2024-01-31',
        end_date: addPeriods('2024-01-31', 'P1M'),
        term_length: 'P1M',
        settled_until: '2023-12-01T00:00:00.000Z',
        invoices: [buildInvoice({ due_date: '2027-12-01' })],
      },
    );
    const { changes } = settle(facts, startOfDay('2028-02-29', timezone), buildSettleContext());
    return {
      timezone,
      expires_at: licenseExpiry(
        { ...facts, expiry: { duration: 'P1Y', basis: 'generation' } },
        '2024-02-29T02:30:00.000Z',
      ),
      applied: changes.map(({ at, action, facts: then }) => [at, action, stateAt(then, at), then.end_date]),
    };
  });
}

if (require.main === module) {
  process.stdout.write(
    JSON.stringify({ offset: new Date(2027, 0, 1).getTimezoneOffset(), boundaries: boundariesInAllZones() }),
  );
}
