/** The quiet page around the forms outside the workspace. */
import type { ReactNode } from "react";
import { Icon } from "../../ui/Icon";
import { Logo } from "../../ui/Logo";
import css from "./Card.module.css";

export function Card({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <div className={css.page}>
      <main className={css.card}>
        <div className={css.brand}>
          <Logo size={36} />
          <span>Roost</span>
        </div>
        <h1 className={css.title}>{title}</h1>
        {lead && <p className={css.lead}>{lead}</p>}
        {children}
      </main>
      <p className={css.foot}>Every channel is also a mail folder.</p>
    </div>
  );
}

export function Trouble({ words }: { words: string }) {
  return (
    <p className={css.trouble} role="alert">
      <Icon name="warn" size={18} />
      {words}
    </p>
  );
}
