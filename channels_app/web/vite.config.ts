import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Dialogs and menus would lock the page's scrolling through an injected <style>, which our CSP forbids; the page itself
// never scrolls, so the lock is replaced by one that does nothing.
const scrollLock = new URL("./src/ui/no-scroll-lock.tsx", import.meta.url).pathname;
const server = process.env.ROOST_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  base: "/",
  resolve: { alias: { "react-remove-scroll": scrollLock } },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    target: "es2023",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": server, "/ws": { target: server, ws: true } },
  },
});
