import { Button, createTheme, type MantineColorsTuple } from '@mantine/core';

const ember: MantineColorsTuple = [
  '#fcefe7',
  '#f9dccb',
  '#f5b995',
  '#f4955e',
  '#ff8f54',
  '#e2591c',
  '#cd4810',
  '#b93c0b',
  '#9c3209',
  '#7c2807',
];

const SANS =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI Variable Text', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export const theme = createTheme({
  colors: { ember },
  primaryColor: 'ember',
  primaryShade: { light: 7, dark: 4 },
  defaultRadius: 7,
  fontFamily: SANS,
  fontFamilyMonospace: 'var(--ff-mono)',
  headings: { fontFamily: SANS },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // Plain objects where they do: naming a component here would load it with the first page.
  components: {
    Button: Button.extend({
      defaultProps: { size: 'sm' },
      styles: { label: { fontWeight: 600 } },
      // In the dark, ember is bright: dark letters stand out on it, white ones would not.
      vars: (_, { variant = 'filled', color }) => ({
        root: variant === 'filled' && color === undefined ? { '--button-color': 'var(--ff-on-accent)' } : {},
      }),
    }),
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', allowDeselect: false } },
    Modal: { defaultProps: { centered: true, radius: 12 } },
  },
});
