// ui/vite.config.ts -- how ui/dist is made: the same bytes from the same sources, everything from our own origin, and a
// chunk for each view, loaded when it is opened.
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  server: { proxy: { '/ws': { target: 'ws://127.0.0.1:3000', ws: true }, '/ui/session': 'http://127.0.0.1:3000' } },
  build: {
    target: 'es2022',
    assetsDir: '.',
    modulePreload: false,
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { entryFileNames: 'ui-[hash].js', chunkFileNames: 'ui-[name]-[hash].js', assetFileNames: 'ui-[name]-[hash][extname]' },
    },
  },
});
