/** The workspace: sidebar, conversation, side pane, and what may lie above them. */
import { useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { channelName } from "../data/names";
import { useData } from "../data/store";
import { Banner } from "../features/channel/Banner";
import { ChannelPage } from "../features/channel/ChannelPage";
import { Welcome } from "../features/channel/Welcome";
import { Sidebar } from "../features/sidebar/Sidebar";
import { Splash } from "../ui/Splash";
import { Dialogs } from "./Dialogs";
import { useGone } from "./gone";
import { useShortcuts } from "./shortcuts";
import { closePane, setDrawer, stopEditing, useUi } from "./ui";
import css from "./Workspace.module.css";

export function Workspace() {
  const ready = useData((state) => state.ready);
  const drawer = useUi((state) => state.drawer);
  const [place] = useLocation();
  useShortcuts();
  useTitle(place);
  const channel = place.split("/")[2] ?? "";
  useGone(channel);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another channel closes what belonged to the last one
  useEffect(() => {
    closePane();
    stopEditing();
    setDrawer(false);
  }, [channel]);

  if (!ready) return <Splash />;
  return (
    <div className={css.workspace} data-drawer={drawer}>
      <Banner />
      <Sidebar />
      {drawer && (
        <button type="button" className={css.shade} aria-label="Close the menu" onClick={() => setDrawer(false)} />
      )}
      <Switch>
        <Route path="/c/:channel/:at?">
          {({ channel, at }) => <ChannelPage key={channel} id={channel} {...(at ? { at } : {})} />}
        </Route>
        <Route>
          <Welcome />
        </Route>
      </Switch>
      <Dialogs />
    </div>
  );
}

/** The tab says where we are and how much calls for us. */
function useTitle(place: string): void {
  const title = useData(({ channels, people, me, org }) => {
    const calls = Object.values(channels).reduce((sum, { my }) => sum + (my && !my.muted ? my.mentions : 0), 0);
    const news = Object.values(channels).some(({ my }) => my && !my.muted && my.unread > 0);
    const channel = channels[place.split("/")[2] ?? ""];
    const name = channel ? channelName(channel, people, me?.id ?? "") : "";
    return `${calls > 0 ? `(${calls}) ` : news ? "• " : ""}${name ? `${name} · ` : ""}${org?.name ?? "Roost"}`;
  });
  useEffect(() => {
    document.title = title;
  }, [title]);
}
