/** First run: who has the link that the server printed makes the workspace and becomes its owner. */
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { setup } from "../../api/endpoints";
import { enter } from "../../app/session";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Card, Trouble } from "./Card";
import { useForm } from "./useForm";

const blank = { organization: "", name: "", email: "", password: "" };

export function SetupPage({ token }: { token: string }) {
  const form = useForm(blank);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await setup.create({ token, ...form.values });
      await enter();
      go("/", { replace: true });
    } catch (error) {
      setTrouble(form.place(error));
    }
    setBusy(false);
  }

  return (
    <Card title="Build your roost" lead="Name the workspace and its owner. You can invite the others in a minute.">
      <form onSubmit={(event) => void create(event)}>
        <Field label="Organization" placeholder="Birch & Co" required autoFocus {...form.field("organization")} />
        <Field label="Your name" autoComplete="name" required {...form.field("name")} />
        <Field label="Email" type="email" autoComplete="username" required {...form.field("email")} />
        <Field
          label="Password"
          type="password"
          autoComplete="new-password"
          required
          hint="A long one: three words or more."
          {...form.field("password")}
        />
        {trouble && <Trouble words={trouble} />}
        <Button type="submit" look="primary" busy={busy}>
          {busy ? "Creating…" : "Create workspace"}
        </Button>
      </form>
    </Card>
  );
}
