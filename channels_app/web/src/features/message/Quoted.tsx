/** What a mail quoted or signed with, folded away behind three dots. */
import { useState } from "react";
import css from "./Quoted.module.css";

export function Quoted({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={css.quoted}>
      <button
        type="button"
        aria-expanded={open}
        aria-label={open ? "Hide the quoted text" : "Show the quoted text"}
        title="Quoted text"
        onClick={() => setOpen(!open)}
      >
        •••
      </button>
      {open && <pre>{text}</pre>}
    </div>
  );
}
