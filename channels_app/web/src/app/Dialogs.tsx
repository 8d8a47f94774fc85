/** The dialog that is open, if one is. Loaded with the first of them. */
import { lazy, Suspense } from "react";
import { useUi } from "./ui";

const Open = lazy(() => import("../features/dialogs/Open"));

export function Dialogs() {
  const dialog = useUi((state) => state.dialog);
  if (!dialog) return null;
  return (
    <Suspense fallback={null}>
      <Open dialog={dialog} />
    </Suspense>
  );
}
