/** Which of the pages: set-up and invitation links first, then sign-in or the workspace. */
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { JoinPage } from "../features/signin/JoinPage";
import { SetupPage } from "../features/signin/SetupPage";
import { SignInPage } from "../features/signin/SignInPage";
import { Splash } from "../ui/Splash";
import { useSession } from "./session";

const Workspace = lazy(() => import("./Workspace").then((module) => ({ default: module.Workspace })));

export function App() {
  return (
    <Switch>
      <Route path="/setup/:token">{({ token }) => <SetupPage token={token} />}</Route>
      <Route path="/join/:token">{({ token }) => <JoinPage token={token} />}</Route>
      <Route>
        <Home />
      </Route>
    </Switch>
  );
}

function Home() {
  const phase = useSession((state) => state.phase);
  if (phase === "starting") return <Splash />;
  if (phase === "unreachable") return <Splash words="The server cannot be reached. Trying again…" />;
  if (phase === "out") return <SignInPage />;
  return (
    <Suspense fallback={<Splash />}>
      <Switch>
        <Route path="/sign-in">
          <Redirect to="/" replace />
        </Route>
        <Route>
          <Workspace />
        </Route>
      </Switch>
    </Suspense>
  );
}
