/** What may be done about shared channels, as the server's table has it, and in which words they are shown. Pure. */
import type { Channel, Person, Share } from "../../api/types";

export const isAdmin = (me: Person): boolean => me.role === "owner" || me.role === "admin";

export function mayShare(channel: Channel, me: Person): boolean {
  return isAdmin(me) && !channel.archived && (channel.kind === "public" || channel.kind === "private");
}

/** Who has the channel too, or will: `Shared with Beta`. */
export function shareWords(share: Share): string {
  return share.state === "active" ? `Shared with ${share.org_name}` : `Offered to ${share.address}`;
}
