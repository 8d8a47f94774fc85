/** Which dialog is which. */
import type { DialogState } from "../../app/ui";
import { ImageDialog } from "../files/ImageDialog";
import { Held } from "../held/Held";
import { Requests } from "../requests/Requests";
import { OfferDialog } from "../sharing/OfferDialog";
import { ShareDialog } from "../sharing/ShareDialog";
import { AppPasswords } from "./AppPasswords";
import { BrowseChannels } from "./BrowseChannels";
import { ChannelSettings } from "./ChannelSettings";
import { AddPeople, NewDirect } from "./ChoosePeople";
import { CreateChannel } from "./CreateChannel";
import { GuestEnd, GuestSponsor, RemoveEverywhere, RemoveGuest } from "./Guest";
import { GuestLinks } from "./GuestLinks";
import { GuestRequests } from "./GuestRequests";
import { Guests } from "./Guests";
import { Invite } from "./Invite";
import { InviteGuest } from "./InviteGuest";
import { JoinCode } from "./JoinCode";
import { Keys } from "./Keys";
import { MailDialog } from "./MailDialog";
import { Organization } from "./Organization";
import { PersonCard } from "./PersonCard";
import { Profile } from "./Profile";
import { Switcher } from "./Switcher";

export default function Open({ dialog }: { dialog: DialogState }) {
  switch (dialog.kind) {
    case "create-channel":
      return <CreateChannel />;
    case "browse":
      return <BrowseChannels />;
    case "direct":
      return <NewDirect />;
    case "add-people":
      return <AddPeople channel={dialog.channel} />;
    case "invite-guest":
      return <InviteGuest channel={dialog.channel} />;
    case "join-code":
      return <JoinCode channel={dialog.channel} />;
    case "guest-end":
      return <GuestEnd {...dialog} />;
    case "guest-sponsor":
      return <GuestSponsor {...dialog} />;
    case "remove-guest":
      return <RemoveGuest {...dialog} />;
    case "remove-guest-everywhere":
      return <RemoveEverywhere guest={dialog.guest} />;
    case "guests":
      return <Guests />;
    case "guest-links":
      return <GuestLinks channel={dialog.channel} />;
    case "guest-requests":
      return <GuestRequests />;
    case "organization":
      return <Organization />;
    case "channel-settings":
      return <ChannelSettings channel={dialog.channel} />;
    case "share":
      return <ShareDialog channel={dialog.channel} />;
    case "share-offer":
      return <OfferDialog share={dialog.share} />;
    case "mail":
      return <MailDialog channel={dialog.channel} />;
    case "requests":
      return <Requests />;
    case "held":
      return <Held />;
    case "app-passwords":
      return <AppPasswords />;
    case "invite":
      return <Invite />;
    case "profile":
      return <Profile />;
    case "switcher":
      return <Switcher />;
    case "keys":
      return <Keys />;
    case "person":
      return <PersonCard person={dialog.person} />;
    case "image":
      return <ImageDialog file={dialog.file} />;
  }
}
