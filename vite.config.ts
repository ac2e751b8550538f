// Builds the page: web/ into dist/web. The charts plugin lays out every machine on the way.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { charts } from './web/layout/charts-plugin.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('./web'),
  // Relative: the folder works below any path of any static server.
  base: './',
  plugins: [charts()],
  build: { outDir: here('./dist/web'), emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 600 },
  server: {
    // `npm run dev`: the page from here, the lab from the running control process.
    proxy: { '/lab': process.env.WARDENSCOPE_URL ?? 'http://127.0.0.1:8080' },
  },
});
