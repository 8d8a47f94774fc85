import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { askAgain } from "./again";

it("does not take an answer from before for one from after", async () => {
  const queries = new QueryClient();
  const answers: ((pins: string[]) => void)[] = [];
  const queryFn = (): Promise<string[]> => new Promise((answer) => answers.push(answer));
  const list = new QueryObserver(queries, { queryKey: ["pins"], queryFn });
  const stop = list.subscribe(() => {});
  const again = askAgain(queries, ["pins"]);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.(["the plan"]);
  answers[0]?.([]);
  await again;
  expect(list.getCurrentResult().data).toEqual(["the plan"]);
  stop();
});
