/** Colours and sizes of the pages. Where Mantine's own shades have too little contrast for WCAG AA, darker or lighter ones replace them. */
import { Anchor, createTheme, DEFAULT_THEME, Menu, Modal } from '@mantine/core';
import type { CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // A link is as large as the text around it.
    Anchor: Anchor.extend({ defaultProps: { inherit: true } }),
    // The element that takes the focus first is no item, which a menu must not contain.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    // The head of a dialog is no second banner of the page.
    Modal: Modal.extend({ defaultProps: { attributes: { header: { role: 'presentation' } } } }),
  },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
});

/** The text of a light badge or button: darker than every shade on light ground, a light shade on dark ground. */
function textColours(colour: (shades: readonly string[]) => string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(DEFAULT_THEME.colors).flatMap(([name, shades]) =>
      ['light-color', 'outline', 'text'].map((use) => [`--mantine-color-${name}-${use}`, colour(shades)]),
    ),
  );
}

export const cssVariables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    ...textColours((shades) => `color-mix(in srgb, ${shades[9]} 65%, black)`),
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-error': colors.red[9],
    '--mantine-color-placeholder': colors.gray[7],
    // What cannot be changed is still read.
    '--mantine-color-disabled-color': colors.gray[7],
  },
  dark: {
    ...textColours((shades) => shades[3] as string),
    '--mantine-color-dimmed': colors.dark[1],
    '--mantine-color-error': colors.red[4],
    '--mantine-color-placeholder': colors.dark[1],
    '--mantine-color-disabled-color': colors.dark[1],
    '--mantine-color-anchor': colors.indigo[3],
  },
});
