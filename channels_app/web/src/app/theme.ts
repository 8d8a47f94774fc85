/** Light, dark, or as the system says; kept in this browser for the first paint and in the person's settings. */
import { create } from "zustand";
import { me } from "../api/endpoints";
import type { ThemeName } from "../api/types";

const KEY = "roost.theme";

interface Theme {
  name: ThemeName;
  set: (name: ThemeName) => void;
}

function show(name: ThemeName): void {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

function kept(): ThemeName {
  const name = localStorage.getItem(KEY);
  return name === "light" || name === "dark" ? name : "system";
}

export const useTheme = create<Theme>()((set) => ({
  name: kept(),
  set: (name) => {
    localStorage.setItem(KEY, name);
    show(name);
    set({ name });
  },
}));

show(kept());

export function chooseTheme(name: ThemeName): void {
  useTheme.getState().set(name);
  void me.change({ settings: { theme: name } }).catch(() => {});
}
