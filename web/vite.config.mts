/** How the admin pages are built (`npm run build`) and served with hot reload (`npm run dev`). */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/admin/',
  plugins: [react()],
  build: {
    outDir: '../dist/admin-pages',
    emptyOutDir: true,
    // Files beside the page have a hash in their names, so browsers keep them for good. Small files are not inlined as data: addresses.
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // Uncompressed. `npm run bench -- pages` measures what is sent.
    chunkSizeWarningLimit: 1_000,
  },
});
