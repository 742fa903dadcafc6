// Keeps a draft while it is typed. What cannot be kept stays in the form and in this tab (keep.js), and is tried again.
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const told = form.querySelector("#kept");
  const conflicts = form.querySelector("#conflicts");
  const seen = form.querySelector("input[name=seen]");
  const PAUSE = 1500, LONGEST = 8000, RETRY = 5000;
  let timer = 0, first = 0, busy = false, touched = false, leaving = false;

  const say = (text) => { if (told.textContent !== text) told.textContent = text; };
  say(told.dataset.idle);

  // Neither a file nor what describes one is kept; that happens when the form is sent.
  const UPLOAD = ["file", "kind", "title", "tlp", "cui", "confidential_commercial"];
  const isText = (field) => field.name && !UPLOAD.includes(field.name);

  function later(pause) {
    const now = Date.now();
    first = first || now;
    clearTimeout(timer);
    timer = setTimeout(keep, Math.max(0, Math.min(pause, first + LONGEST - now)));
  }

  function body() {
    const data = new FormData(form);
    for (const name of UPLOAD) data.delete(name);
    data.set("do", "keep");
    return data;
  }

  // The values of the draft's inputs, to tell what was typed while an answer was on its way.
  const values = () => Object.fromEntries(Array.from(form.elements).filter(isText).map((field) => [field.name, field.value]));

  async function keep() {
    if (busy) return later(PAUSE);
    busy = true;
    first = 0;
    const sent = values();
    touched = false;
    say("Saving …");
    try {
      const answer = await fetch(form.action, { method: "POST", body: body(), headers: { Accept: "application/json" } });
      if (!leaving) await take(answer, sent);
    } catch (lost) {
      wait("Not saved: the portal cannot be reached. Your text stays in this tab, and saving is tried again.");
    }
    busy = false;
    if (touched) later(PAUSE);
  }

  function wait(text) {
    say(text);
    touched = true;
    first = 0;
    clearTimeout(timer);
    timer = setTimeout(keep, RETRY);
  }

  async function take(answer, sent) {
    if (answer.redirected || answer.status === 403) {
      // Signed out meanwhile: keep.js puts the text back once the person has signed in again.
      try { window.sessionStorage.setItem("kept-interrupted", "yes"); } catch (full) { /* the tab still shows it */ }
      touched = true;
      told.textContent = "Not saved: you are signed out. Your text stays in this tab. ";
      const link = document.createElement("a");
      link.href = "/account/login/?next=" + encodeURIComponent(window.location.pathname);
      link.textContent = "Sign in and go on";
      link.addEventListener("click", () => { touched = false; });
      told.append(link);
      throw_away();
      return;
    }
    if (answer.status >= 500) return wait("Not saved: the portal had a fault. Your text stays in this tab, and saving is tried again.");
    const news = await answer.json();
    if (news.refused) return say("Not saved: " + news.refused);
    const digests = Object.fromEntries(seen.value.split(" ").filter(Boolean).map((pair) => pair.split("=")));
    Object.assign(digests, news.seen);
    for (const inputs of Object.values(news.news)) {
      for (const [name, value] of Object.entries(inputs)) {
        const field = form.elements[name];
        // What was typed into it while the answer was on its way is not written over: the next answer calls it a conflict.
        if (field && field.value === sent[name]) field.value = value;
      }
    }
    seen.value = Object.entries(digests).map(([name, value]) => name + "=" + value).join(" ");
    form.dispatchEvent(new Event("kept"));
    const before = conflicts.querySelectorAll("input[type=hidden]").length;
    conflicts.innerHTML = news.conflicts;
    if (news.conflicts && !before) conflicts.scrollIntoView({ block: "nearest" });
    let text = "Saved " + news.at + ".";
    if (news.news_words.length) text += " Changed elsewhere: " + news.news_words.join(", ") + ".";
    if (news.conflicts) text = "Saved but for what somebody else changed too: choose at the top of the form.";
    say(text);
  }

  function throw_away() { clearTimeout(timer); timer = 0; }

  form.addEventListener("input", (event) => {
    if (!isText(event.target)) return;
    touched = true;
    later(PAUSE);
  });
  if (form.querySelector(".portal-kept")) {
    // Put back after a session that had ended: it is saved as if it had been typed just now.
    touched = true;
    later(PAUSE);
  }
  form.addEventListener("submit", () => { leaving = true; touched = false; throw_away(); });
  window.addEventListener("pageshow", () => { leaving = false; });
  window.addEventListener("online", () => { if (touched) later(0); });
  // Closing the tab with something unsaved: the last seconds are sent on the way, and the person is asked.
  window.addEventListener("beforeunload", (event) => {
    if (!touched || leaving) return;
    navigator.sendBeacon(form.action, body());
    event.preventDefault();
  });
})();
