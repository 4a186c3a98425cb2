// Signing in and making an account: the two forms. Both lead back to where one was.
import { newKey } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { navigate, nextPath } from "../main.js";
import { signIn, signUp } from "../session.js";
import { Button, Field, ProblemNotice, signInHref, useTask, useTitle } from "../ui.js";
import { t } from "../words.js";

/** Two fields with their errors; `check` says what is wrong before anything is sent, as keys of words. */
function Form({ check, send, button, isNew, fieldOf }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState({});
  const nameBox = useRef(null);
  const passwordBox = useRef(null);
  const task = useTask(async (given) => {
    await send(given.name, given.password);
    navigate(nextPath(), { replace: true });
  });
  const at = task.problem ? fieldOf(task.problem) : null;
  const errorOf = (field) => (field === at ? task.problem.sentence : wrong[field] && t(wrong[field]));
  useEffect(() => {
    if (at) (at === "name" ? nameBox : passwordBox).current?.focus();
  }, [task.problem]);
  const submit = (event) => {
    event.preventDefault();
    // As the fields are now: a password manager fills and sends at once.
    const given = { name: nameBox.current.value.trim(), password: passwordBox.current.value };
    const found = check(given.name, given.password);
    setWrong(found);
    if (found.name) nameBox.current.focus();
    else if (found.password) passwordBox.current.focus();
    else task.run(given);
  };
  const typed = (set, field) => (value) => {
    set(value);
    if (errorOf(field)) {
      setWrong((old) => ({ ...old, [field]: undefined }));
      task.clear();
    }
  };
  return html`<form class="form" novalidate onSubmit=${submit}>
    ${!at && html`<${ProblemNotice} problem=${task.problem} />`}
    <${Field} label=${t("username")} value=${name} onValue=${typed(setName, "name")} error=${errorOf("name")} inputRef=${nameBox}
      hint=${isNew ? t("username_hint") : undefined} name="username" autocomplete="username" autocapitalize="none"
      spellcheck=${false} required />
    <${Field} label=${t("password")} type="password" value=${password} onValue=${typed(setPassword, "password")}
      error=${errorOf("password")} inputRef=${passwordBox} hint=${isNew ? t("password_hint") : undefined} name="password"
      autocomplete=${isNew ? "new-password" : "current-password"} required />
    <${Button} type="submit" wide busy=${task.isBusy}>${button}<//>
  </form>`;
}

export function SignIn() {
  useTitle(t("sign_in"));
  const check = (name, password) => ({
    ...(name ? {} : { name: "username_missing" }), ...(password ? {} : { password: "password_missing" }),
  });
  const fieldOf = (problem) => (problem.code === "credentials_wrong" ? "password" : null);
  return html`<div class="page-narrow"><h1>${t("sign_in")}</h1>
    <${Form} check=${check} send=${signIn} button=${t("sign_in")} fieldOf=${fieldOf} />
    <p class="actions">${t("new_here")} <a href=${signInHref("sign-up")} data-instead>${t("sign_up")}</a></p></div>`;
}

/** Which field a refusal of a new account is about. */
function newFieldOf({ code, body }) {
  if (code === "username_taken") return "name";
  const where = `${body.field ?? ""}${body.pointer ?? ""}`;
  if (where.includes("username")) return "name";
  if (where.includes("password")) return "password";
  return null;
}

export function SignUp() {
  useTitle(t("sign_up"));
  const key = useRef({ of: "", key: "" });
  const check = (name, password) => ({
    ...([...name].length >= 3 && [...name].length <= 64 && !/\s/.test(name) ? {} : { name: "username_wrong" }),
    ...([...password].length >= 8 && [...password].length <= 128 ? {} : { password: "password_short" }),
  });
  // The same name and password again is the same request: a lost answer makes no second account.
  const send = (name, password) => {
    const of = `${name}\n${password}`;
    if (key.current.of !== of) key.current = { of, key: newKey() };
    return signUp(name, password, key.current.key);
  };
  return html`<div class="page-narrow"><h1>${t("sign_up")}</h1>
    <${Form} check=${check} send=${send} button=${t("sign_up")} fieldOf=${newFieldOf} isNew />
    <p class="actions">${t("have_account")} <a href=${signInHref()} data-instead>${t("sign_in")}</a></p></div>`;
}
