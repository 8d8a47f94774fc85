import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { begin } from "./app/session";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/prose.css";
import { watchDrops } from "./ui/drops";
import { Toasts } from "./ui/toasts";

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 30_000, retry: 1, refetchOnWindowFocus: false } },
});

// A part of a build that the server no longer has: the new build is one reload away. A server that cannot be reached is
// another matter: a reload would trade the page for the browser's own error.
window.addEventListener("vite:preloadError", () => void reloadOnce());

async function reloadOnce(): Promise<void> {
  if (Date.now() - Number(sessionStorage.getItem("roost.reloaded") ?? 0) < 10_000) return;
  const answer = await fetch("/", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  sessionStorage.setItem("roost.reloaded", String(Date.now()));
  location.reload();
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Tooltip.Provider delayDuration={350} skipDelayDuration={200}>
          <App />
          <Toasts />
        </Tooltip.Provider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
watchDrops();
void begin();
