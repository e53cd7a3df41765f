/** What an area declares about its pages. The router and the navigation are made from it. */
import type { ComponentType } from 'react';
import type { Language } from './texts';

/** The groups of the navigation, in their order. */
export const NAVIGATION_GROUPS = ['licensing', 'delivery', 'operation'] as const;
export type NavigationGroup = (typeof NAVIGATION_GROUPS)[number];

export interface NavigationEntry {
  group: NavigationGroup;
  label: Readonly<Record<Language, string>>;
  icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
  /** The least role that can read the page. Without it every admin can. */
  role?: 'operator' | 'admin' | 'super_admin';
  /** The page is left out where the installation has this switched off. */
  needs?: 'test_clocks';
}

export interface PageSpec {
  /** Below `/admin/`: `contracts/$id`. */
  path: string;
  /** Loads the page when it is opened first. Its module exports the component as `default`. */
  page: () => Promise<{ default: ComponentType }>;
  /** Only pages with an entry stand in the navigation and in the command palette. */
  navigation?: NavigationEntry;
}
