/** The values of a small form, and what the server said about each of them. */
import { type ChangeEvent, useState } from "react";
import { ApiError, messageOf } from "../../api/http";

export function useForm<T extends Record<string, string>>(initial: T) {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Record<string, unknown>>({});
  return {
    values,
    set: (changed: Partial<T>) => setValues((old) => ({ ...old, ...changed })),
    refuse: (error: unknown) => setErrors(error instanceof ApiError ? error.fields : {}),
    /** Shows a refusal that is about one of the fields there, in its own words; what is left to be said elsewhere. */
    place: (error: unknown): string => {
      const [name = "", ...others] = error instanceof ApiError ? Object.keys(error.fields) : [];
      const here = others.length === 0 && name in values;
      setErrors(here ? { [name]: messageOf(error) } : {});
      return here ? "" : messageOf(error);
    },
    field: (name: keyof T & string) => ({
      name,
      value: values[name],
      error: typeof errors[name] === "string" ? (errors[name] as string) : undefined,
      onChange: (event: ChangeEvent<HTMLInputElement>) => setValues((old) => ({ ...old, [name]: event.target.value })),
    }),
  };
}
