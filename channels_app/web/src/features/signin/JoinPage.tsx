/** Invited: choose a name and a password, and be in. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { join } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import { enter } from "../../app/session";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Spinner } from "../../ui/Splash";
import { Card, Trouble } from "./Card";
import { useForm } from "./useForm";

export function JoinPage({ token }: { token: string }) {
  const invitation = useQuery({ queryKey: ["join", token], queryFn: () => join.get(token), retry: false });
  const form = useForm({ name: "", password: "" });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();
  const invited = invitation.data;
  const setForm = form.set;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the name is taken over once, when the invitation is known
  useEffect(() => {
    if (invited) setForm({ name: invited.name });
  }, [invited]);

  async function accept(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await join.accept({ token, ...form.values });
      await enter();
      go("/", { replace: true });
    } catch (error) {
      setTrouble(form.place(error));
    }
    setBusy(false);
  }

  if (invitation.isError) {
    return (
      <Card
        title="This invitation cannot be used"
        lead="It may have been used already, or it is too old. Ask for a new one."
      >
        <Trouble words={messageOf(invitation.error)} />
      </Card>
    );
  }
  if (!invited) {
    return (
      <Card title="One moment">
        <Spinner />
      </Card>
    );
  }
  return (
    <Card title={`Join ${invited.org.name}`} lead={`You were invited as ${invited.email}.`}>
      <form onSubmit={(event) => void accept(event)}>
        <Field label="Your name" autoComplete="name" required autoFocus {...form.field("name")} />
        <Field
          label="Choose a password"
          type="password"
          autoComplete="new-password"
          required
          hint="A long one: three words or more."
          {...form.field("password")}
        />
        {trouble && <Trouble words={trouble} />}
        <Button type="submit" look="primary" busy={busy}>
          {busy ? "Joining…" : "Join"}
        </Button>
      </form>
    </Card>
  );
}
