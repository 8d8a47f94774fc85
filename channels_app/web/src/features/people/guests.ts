/** What may be done about guests by mail, as the server's table has it, and in which words they are shown. Pure. */
import type { Channel, Delivery, Org, Person, Seat } from "../../api/types";
import type { IconName } from "../../ui/Icon";

export const isAdmin = (me: Person): boolean => me.role === "owner" || me.role === "admin";

export function maySeeGuests(channel: Channel, me: Person): boolean {
  return channel.kind !== "direct" && me.role !== "guest";
}

/** Whether members invite at all is the organization's choice. */
export function mayInvite(channel: Channel, me: Person, org: Org | null): boolean {
  if (!maySeeGuests(channel, me) || channel.archived) return false;
  return isAdmin(me) || (channel.my !== null && org?.guest_invites !== "admins");
}

/** A guest is looked after by their sponsor and by the channel's admins. */
export function looksAfter(channel: Channel, me: Person, seat: Seat): boolean {
  if (!maySeeGuests(channel, me)) return false;
  return isAdmin(me) || channel.my?.role === "admin" || (channel.my !== null && seat.sponsor === me.id);
}

export const deliveries: readonly { value: Delivery; label: string; icon: IconName }[] = [
  { value: "every", label: "Every message", icon: "mail" },
  { value: "mentions", label: "Mentions", icon: "at" },
  { value: "hourly", label: "Hourly digest", icon: "clock" },
  { value: "daily", label: "Daily digest", icon: "day" },
  { value: "paused", label: "Paused", icon: "pause" },
];

export function deliveryWords(delivery: Delivery): string {
  return deliveries.find(({ value }) => value === delivery)?.label ?? delivery;
}

/** Plainly, so that nobody takes it for more. */
export const encryptedWords = "Encrypted between the guest and this server; the server itself can read it.";

export const domainOf = (email: string): string => email.slice(email.lastIndexOf("@") + 1);
