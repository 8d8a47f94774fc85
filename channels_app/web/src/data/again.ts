/** Lists that are asked for when they are shown, and again when something happened that changes them. */
import type { QueryClient } from "@tanstack/react-query";

/** A first answer that is still on its way may have been read before that: it is not waited for, but asked for anew. */
export async function askAgain(queries: QueryClient, queryKey: readonly string[]): Promise<void> {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}
