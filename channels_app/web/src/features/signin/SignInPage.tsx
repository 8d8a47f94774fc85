/** Sign in with e-mail and password; people of several organizations choose one. */
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { session } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Org } from "../../api/types";
import { enter, useSession } from "../../app/session";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Card, Trouble } from "./Card";
import css from "./Card.module.css";

export function SignInPage() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [orgs, setOrgs] = useState<Org[]>([]);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [place, go] = useLocation();
  const setupNeeded = useSession((state) => state.phase === "out" && state.setupNeeded);

  async function signIn(org?: string): Promise<void> {
    setBusy(true);
    setTrouble("");
    try {
      const answer = await session.signIn(org ? { email, password, org } : { email, password });
      if ("choose" in answer) setOrgs(answer.choose);
      else {
        await enter();
        if (place === "/sign-in") go("/", { replace: true });
      }
    } catch (error) {
      setTrouble(messageOf(error));
    }
    setBusy(false);
  }

  if (orgs.length > 0) {
    return (
      <Card title="Where to?" lead="Your address belongs to several workspaces.">
        <div className={css.orgs}>
          {orgs.map((org) => (
            <button key={org.id} type="button" className={css.org} disabled={busy} onClick={() => void signIn(org.id)}>
              <Avatar id={org.id} name={org.name} />
              <span>
                {org.name}
                <small>{org.slug}</small>
              </span>
            </button>
          ))}
        </div>
        {trouble && <Trouble words={trouble} />}
      </Card>
    );
  }

  return (
    <Card title="Welcome back" lead="Sign in to your workspace.">
      {setupNeeded && (
        <Trouble words="This server has no workspace yet. Open the set-up link that the server printed when it started." />
      )}
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <Field
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {trouble && <Trouble words={trouble} />}
        <Button type="submit" look="primary" busy={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </Card>
  );
}
