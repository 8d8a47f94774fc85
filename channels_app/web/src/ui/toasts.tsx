/** Short news at the edge of the page, spoken by screen readers; errors stay longer. */
import { create } from "zustand";
import { messageOf } from "../api/http";
import { Icon } from "./Icon";
import css from "./toasts.module.css";

interface Toast {
  id: number;
  words: string;
  look: "good" | "bad";
}

let last = 0;
const useToasts = create<{ toasts: Toast[] }>()(() => ({ toasts: [] }));

function say(words: string, look: Toast["look"]): void {
  last += 1;
  const id = last;
  useToasts.setState(({ toasts }) => ({
    toasts: [...toasts.filter((toast) => toast.words !== words).slice(-2), { id, words, look }],
  }));
  setTimeout(() => drop(id), look === "bad" ? 7_000 : 3_000);
}

function drop(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
}

export const tell = (words: string): void => say(words, "good");
export const complain = (error: unknown): void => say(messageOf(error), "bad");

/** Runs something that may be refused, and says so if it is. */
export function attempt(work: Promise<unknown>, done?: string): void {
  work.then(() => done && tell(done), complain);
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <section className={css.toasts} aria-live="polite" aria-label="Notifications">
      {toasts.map((toast) => (
        <div key={toast.id} className={css.toast} data-look={toast.look}>
          <Icon name={toast.look === "bad" ? "warn" : "check"} size={18} />
          <span>{toast.words}</span>
          <button type="button" aria-label="Dismiss" onClick={() => drop(toast.id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </section>
  );
}
