/** Which guests the list shows; it stays while a dialog that belongs to one of them is open. */
import { create } from "zustand";
import type { Id } from "../../api/types";

export interface Asked {
  mine: boolean;
  q: string;
  state: string;
  channel: Id;
  sponsor: Id;
}

export const EVERYBODY: Asked = { mine: false, q: "", state: "", channel: "", sponsor: "" };

export const useAsked = create<Asked>()(() => EVERYBODY);
export const ask = (change: Partial<Asked>): void => useAsked.setState(change);
