/** What the API would refuse, so that the page need not offer it. */
import type { Channel } from "../api/types";

/** Whether one may add to a channel, or change what is in it: from within, and while it is not archived. */
export function mayAct(channel: Channel | undefined): boolean {
  return Boolean(channel?.my) && !channel?.archived;
}
