/** The store: server state, changed only by pure functions, read with selectors. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { emptyState, type State } from "./state";

export const store = createStore<State>()(() => emptyState);

export function update(change: (state: State) => State): void {
  store.setState(change, true);
}

export function useData<T>(select: (state: State) => T): T {
  return useStore(store, select);
}
