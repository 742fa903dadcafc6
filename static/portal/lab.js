// Small comforts of the lab's and the partner's pages. Everything works without them.
(() => {
  "use strict";

  // A form is sent once: the second of two quick clicks goes nowhere. The server would refuse it too.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
    });
  }
  // Back from the next page: the form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  });

  // What was typed is not left by accident.
  for (const form of document.querySelectorAll("form[data-guard]")) {
    let touched = false;
    form.addEventListener("input", () => { touched = true; });
    form.addEventListener("submit", () => { touched = false; });
    window.addEventListener("beforeunload", (event) => {
      if (touched) event.preventDefault();
    });
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // Every box of a form, or of one field where the button names it.
  for (const button of document.querySelectorAll("[data-tick-all]")) {
    const named = button.dataset.tickAll ? `[name="${button.dataset.tickAll}"]` : "";
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of button.form.querySelectorAll(`input[type=checkbox]${named}`)) box.checked = true;
    });
  }

  // What has to be put right is where the page begins.
  const errors = document.querySelector(".portal-form-errors");
  if (errors) errors.focus();
})();
