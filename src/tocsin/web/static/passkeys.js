/* Passkeys: asks the server for a challenge, has the browser answer it, sends the answer with the form. */
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const read = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const one of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])]) one.id = bytes(one.id);
    return options;
  };
  const written = (found) => {
    const from = found.response, response = { clientDataJSON: text(from.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (from[name]) response[name] = text(from[name]);
    if (from.getTransports) response.transports = from.getTransports();
    return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-problem]"), makes = "passkeyMake" in form.dataset;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      problem.hidden = true;
      try {
        const asked = await fetch(form.dataset.passkey, { method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value }) });
        if (asked.redirected) return void location.assign(asked.url); // first it is asked who it is
        if (!asked.ok) throw new Error(asked.status);
        const publicKey = read(await asked.json());
        const found = await (makes ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
        form.elements.answer.value = written(found);
        form.submit();
      } catch {
        problem.hidden = false;
      }
    });
  }
  for (const one of document.querySelectorAll("[data-passkey-or]")) one.hidden = false;
})();
