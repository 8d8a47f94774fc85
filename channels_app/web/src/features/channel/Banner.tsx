/** Says that the connection is lost, once that has lasted long enough to matter. */
import { useEffect, useState } from "react";
import { useEngine } from "../../app/session";
import { useLive } from "../../data/live";
import { useOutbox } from "../../data/outbox";
import { Spinner } from "../../ui/Splash";
import css from "./Banner.module.css";

const PATIENCE = 1_500;

export function Banner() {
  const lostAt = useLive((state) => state.lostAt);
  const waiting = useOutbox(useEngine().outbox, (posts) => posts.filter((post) => post.status !== "failed").length);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (lostAt === null) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [lostAt]);
  return (
    <div className={css.place} role="status">
      {shown && (
        <p className={css.banner}>
          <Spinner label="" />
          {navigator.onLine ? "Reconnecting…" : "You are offline."}
          {waiting > 0 &&
            ` ${waiting === 1 ? "One message is" : `${waiting} messages are`} kept and sent as soon as possible.`}
        </p>
      )}
    </div>
  );
}
