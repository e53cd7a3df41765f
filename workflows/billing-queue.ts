/** Where the activities run that ask billing systems. */

/**
 * The billing queue that belongs to a queue of contracts: `covenant-billing` beside `covenant-contracts`. A workflow knows
 * its own queue and no setting, so the name is derived from it.
 */
export function billingQueueBeside(contracts_queue: string): string {
  return contracts_queue.replace(/-contracts$/, '-billing');
}
