import { defineConfig } from 'vite';

export default defineConfig({
  root: 'client/web',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: '../../dist/client/web', emptyOutDir: true, target: 'es2022' },
});
