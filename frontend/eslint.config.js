import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const features = ['session', 'datasets', 'prototypes', 'runs', 'gallery', 'settings'];

/** The import direction is shared -> features -> app; a feature never imports another. */
const forbid = (files, groups, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: groups, message }] }] },
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'public', 'src/shared/api/schema.d.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat['recommended-latest'],
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      eqeqeq: ['error', 'always'],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  forbid(
    ['src/shared/**'],
    ['@/features/*', '@/features/**', '@/app/*', '@/app/**'],
    'shared/ knows no feature.',
  ),
  ...features.map((feature) =>
    forbid(
      [`src/features/${feature}/**`],
      [
        '@/app/*',
        '@/app/**',
        ...features.filter((f) => f !== feature).flatMap((f) => [`@/features/${f}`, `@/features/${f}/**`]),
      ],
      'A feature imports only itself and shared/; app/ puts features together.',
    ),
  ),
  {
    files: ['src/test/**', '**/*.test.{ts,tsx}'],
    rules: { 'no-restricted-imports': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
