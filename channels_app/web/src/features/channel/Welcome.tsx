/** Nothing chosen yet: goes where one was last, or teaches the first steps. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import { openDialog, setDrawer } from "../../app/ui";
import { store, useData } from "../../data/store";
import { Button, IconButton } from "../../ui/Button";
import { Logo } from "../../ui/Logo";
import { sections } from "../sidebar/sections";
import css from "./Welcome.module.css";

const LAST = "roost.channel";

export const rememberChannel = (id: string): void => localStorage.setItem(LAST, id);

export function Welcome() {
  const [place, go] = useLocation();
  const name = useData((state) => state.me?.name.split(" ")[0] ?? "");
  const guest = useData((state) => state.me?.role === "guest");
  const admin = useData((state) => state.me?.role === "owner" || state.me?.role === "admin");

  useEffect(() => {
    const { channels, directs } = sections(store.getState());
    const all = [...channels, ...directs];
    const last = all.find((channel) => channel.id === localStorage.getItem(LAST)) ?? all[0];
    if (place === "/" && last) go(`/c/${last.id}`, { replace: true });
  }, [place, go]);

  return (
    <main className={css.welcome}>
      <IconButton className={css.menu ?? ""} icon="menu" label="Open the menu" onClick={() => setDrawer(true)} />
      <Logo size={56} />
      <h1>{place === "/" ? `Welcome, ${name}` : "There is nothing here"}</h1>
      <p>
        {guest
          ? "You will see the channels here that you are invited to."
          : "Channels are where the talk happens. Each of them is a mail folder too, so nobody is left out."}
      </p>
      {!guest && (
        <div className={css.steps}>
          <Button look="primary" onClick={() => openDialog({ kind: "create-channel" })}>
            Create a channel
          </Button>
          <Button onClick={() => openDialog({ kind: "browse" })}>See all channels</Button>
          {admin && <Button onClick={() => openDialog({ kind: "invite" })}>Invite people</Button>}
        </div>
      )}
    </main>
  );
}
