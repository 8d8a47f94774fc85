/**
 * Where a refusal is said: at the field it is about, or below the form.
 *
 * At a field the API gives a short code for programs ("weak"), and then its message says in words what is wrong; or,
 * when a value has not even the right form, a sentence of its own ("String should have at most 1000 characters").
 */
import { ApiError, messageOf } from "../../api/http";

export interface Placed {
  at: Record<string, string>;
  /** What is left to be said elsewhere, "" for nothing. */
  rest: string;
}

const isSentence = (words: unknown): words is string => typeof words === "string" && /^\p{Lu}.* /u.test(words);

export function placed(error: unknown, fields: readonly string[]): Placed {
  const named = error instanceof ApiError ? Object.entries(error.fields) : [];
  const message = messageOf(error);
  const at: Record<string, string> = {};
  for (const [name, what] of named) {
    if (!fields.includes(name)) continue;
    if (isSentence(what)) at[name] = what;
    else if (named.length === 1) at[name] = message;
  }
  const whole = named.length > 0 && named.every(([name]) => name in at);
  return { at, rest: whole ? "" : message };
}
