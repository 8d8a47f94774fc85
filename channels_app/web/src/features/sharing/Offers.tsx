/** In the sidebar, for admins: the channels that other organizations offer. */
import { openDialog } from "../../app/ui";
import { Icon } from "../../ui/Icon";
import sidebar from "../sidebar/Sidebar.module.css";
import { useOffers } from "./useShares";

export function Offers() {
  return useOffers().map((share) => (
    <button
      key={share.id}
      type="button"
      className={sidebar.hint}
      onClick={() => openDialog({ kind: "share-offer", share })}
    >
      <Icon name="link" size={18} /> {share.org_name} offers “{share.name}”
    </button>
  ));
}
