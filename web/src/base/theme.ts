/** Colours and sizes of the pages. Where Mantine's own shades have too little contrast for WCAG AA, darker or lighter ones replace them. */
import { Anchor, createTheme, DEFAULT_THEME } from '@mantine/core';
import type { CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  // A link is as large as the text around it.
  components: { Anchor: Anchor.extend({ defaultProps: { inherit: true } }) },
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
  },
  dark: {
    ...textColours((shades) => shades[3] as string),
    '--mantine-color-dimmed': colors.dark[1],
    '--mantine-color-error': colors.red[4],
    '--mantine-color-placeholder': colors.dark[1],
    '--mantine-color-anchor': colors.indigo[3],
  },
});
