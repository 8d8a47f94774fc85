/** Who is at the page: starting, signed out, or in (with the engine that keeps everything live). */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { me as meApi, session as sessionApi, setup } from "../api/endpoints";
import { ApiError, setCsrf, setSignedOutHandler } from "../api/http";
import type { Me } from "../api/types";
import { Engine } from "../data/engine";
import { useTheme } from "./theme";

export type Session =
  | { phase: "starting" }
  | { phase: "unreachable" }
  | { phase: "out"; setupNeeded: boolean }
  | { phase: "in"; me: Me; engine: Engine };

export const session = createStore<Session>()(() => ({ phase: "starting" }));

export function useSession<T>(select: (state: Session) => T): T {
  return useStore(session, select);
}

/** The engine of who is signed in; only what is shown to them asks for it. */
export function useEngine(): Engine {
  return useSession((state) => {
    if (state.phase !== "in") throw new Error("Nobody is signed in.");
    return state.engine;
  });
}

export async function begin(): Promise<void> {
  setSignedOutHandler(leave);
  try {
    if (await sessionApi.get()) await enter();
    else await showSignIn();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) await showSignIn();
    else if (session.getState().phase !== "in") {
      session.setState({ phase: "unreachable" }, true);
      setTimeout(() => void begin(), 2_000);
    }
  }
}

/** After a successful sign-in. */
export async function enter(): Promise<void> {
  const me = await meApi.get();
  const before = session.getState();
  if (before.phase === "in") {
    if (before.me.person.id === me.person.id) return;
    // By an invitation link that was opened where somebody else was signed in.
    before.engine.stop();
  }
  setCsrf(me.csrf);
  if (me.settings.theme) useTheme.getState().set(me.settings.theme);
  const engine = new Engine(me, leave);
  session.setState({ phase: "in", me, engine }, true);
  engine.start();
}

/** Not to who came in meanwhile: by a set-up or invitation link one may be quicker than these answers. */
async function showSignIn(): Promise<void> {
  const { needed } = await setup.get().catch(() => ({ needed: false }));
  if (session.getState().phase === "in") return;
  session.setState({ phase: "out", setupNeeded: needed }, true);
}

export function leave(): void {
  const state = session.getState();
  if (state.phase === "in") state.engine.stop();
  if (state.phase !== "out") session.setState({ phase: "out", setupNeeded: false }, true);
}

export async function signOut(): Promise<void> {
  await sessionApi.signOut().catch(() => {});
  leave();
  await sessionApi.get();
}
