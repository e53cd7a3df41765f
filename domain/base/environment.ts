/** The environments of a product and of everything that belongs to it. They never mix (domain.md 5.9). */
export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;

export type Environment = (typeof ENVIRONMENTS)[number];
