/** The values of a small form, and what the server said about each of them. */
import { type ChangeEvent, useState } from "react";
import { placed } from "./placed";

export function useForm<T extends Record<string, string>>(initial: T) {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Record<string, string>>({});
  return {
    values,
    set: (changed: Partial<T>) => setValues((old) => ({ ...old, ...changed })),
    /** Shows a refusal at the fields it is about; answers with what is left to be said elsewhere, "" for nothing. */
    place: (error: unknown): string => {
      const { at, rest } = placed(error, Object.keys(values));
      setErrors(at);
      return rest;
    },
    field: (name: keyof T & string) => ({
      name,
      value: values[name],
      error: errors[name],
      onChange: (event: ChangeEvent<HTMLInputElement>) => setValues((old) => ({ ...old, [name]: event.target.value })),
    }),
  };
}
