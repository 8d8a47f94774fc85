import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { ApiError } from "../../api/http";
import { useForm } from "./useForm";

const refusal = (fields: Record<string, string>) => new ApiError(422, { code: "invalid", message: "Not so.", fields });

it("says at its field what is wrong with it, and leaves the rest to be said elsewhere", () => {
  const { result } = renderHook(() => useForm({ email: "", name: "" }));
  function place(error: unknown): string {
    let left = "";
    act(() => {
      left = result.current.place(error);
    });
    return left;
  }
  expect(place(refusal({ email: "invalid" }))).toBe("");
  expect(result.current.field("email").error).toBe("Not so.");
  for (const error of [refusal({ other: "wrong" }), refusal({}), refusal({ email: "bad", name: "bad" })]) {
    expect(place(error)).toBe("Not so.");
    expect(result.current.field("email").error).toBeUndefined();
  }
});
