/** The head of the sidebar: the workspace, and the menu of who is signed in. */
import { signOut } from "../../app/session";
import { chooseTheme, useTheme } from "../../app/theme";
import { openDialog, togglePane } from "../../app/ui";
import { useData } from "../../data/store";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { Logo } from "../../ui/Logo";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import css from "./Sidebar.module.css";

const themes = [
  { value: "system", label: "Like the system", icon: "screen" },
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
] as const;

export function PersonMenu({ org }: { org: string }) {
  const me = useData((state) => state.me);
  const theme = useTheme((state) => state.name);
  const guest = me?.role === "guest";
  const admin = me?.role === "owner" || me?.role === "admin";
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={css.org} aria-label={`${org}, menu of ${me?.name ?? ""}`}>
          <Logo size={28} />
          <span className={css.orgName}>{org}</span>
          <Icon name="chevron" size={16} />
        </button>
      }
    >
      <div className={css.person}>
        <Avatar id={me?.id ?? ""} name={me?.name ?? ""} size={36} />
        <div>
          <strong>{me?.name}</strong>
          <small>{me?.email}</small>
        </div>
      </div>
      <MenuLine />
      <MenuItem icon="person" onSelect={() => openDialog({ kind: "profile" })}>
        Name and password
      </MenuItem>
      <MenuItem icon="bookmark" onSelect={() => togglePane("saved")}>
        Saved messages
      </MenuItem>
      <MenuItem icon="key" onSelect={() => openDialog({ kind: "app-passwords" })}>
        App passwords for mail
      </MenuItem>
      {!guest && (
        <>
          <MenuItem icon="bell" onSelect={() => openDialog({ kind: "requests" })}>
            Requests by mail
          </MenuItem>
          <MenuItem icon="mail" onSelect={() => openDialog({ kind: "guests" })}>
            Guests by mail
          </MenuItem>
        </>
      )}
      {admin && (
        <>
          <MenuItem icon="archive" onSelect={() => openDialog({ kind: "held" })}>
            Held mail
          </MenuItem>
          <MenuItem icon="lock" onSelect={() => openDialog({ kind: "organization" })}>
            Organization settings
          </MenuItem>
          <MenuItem icon="people" onSelect={() => openDialog({ kind: "invite" })}>
            Invite people
          </MenuItem>
        </>
      )}
      <MenuItem icon="settings" keys="Ctrl /" onSelect={() => openDialog({ kind: "keys" })}>
        Keyboard shortcuts
      </MenuItem>
      <MenuLine />
      <MenuChoice label="Appearance" value={theme} options={themes} onChange={chooseTheme} />
      <MenuLine />
      <MenuItem icon="out" onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
