/** The ids in the examples of request bodies: each noun has one. To send an example, replace them by ids of your installation. */
export const EXAMPLE_IDS = {
  product: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e01',
  generator: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e02',
  test_clock: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e03',
  contract: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e04',
  customer: '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e05',
} as const;
