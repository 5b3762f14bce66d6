import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

import { mockBackend } from './src/test/mock/devServer';

/** `npm run dev:mock`: the pages over made-up answers, for looking at them without a backend. */
export default defineConfig({
  plugins: [react(), mockBackend()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { port: 5174 },
});
