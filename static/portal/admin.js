/* The workbench's navigation folds away on narrow screens. Without this script it simply stays open. */
(() => {
  const nav = document.querySelector("[data-workbench-nav]");
  if (!nav) return;
  const list = nav.querySelector("ul");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "usa-button usa-button--outline workbench__nav-button";
  button.textContent = "Workbench menu";
  list.id = "workbench-menu";
  button.setAttribute("aria-controls", list.id);
  const wide = window.matchMedia("(min-width: 64em)");
  const show = (open) => {
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(list.hidden));
  wide.addEventListener("change", () => show(wide.matches));
  nav.prepend(button);
  show(wide.matches);
})();
