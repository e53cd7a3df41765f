/** The environments a product, and everything made from it, lives in. They never mix (domain.md 5.9). */
export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;

export type Environment = (typeof ENVIRONMENTS)[number];
